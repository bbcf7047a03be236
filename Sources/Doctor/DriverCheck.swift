import Sensors

/// Whether the kernel has a driver for a motion sensor, and the driver an interrupt: without one most have no buffer.
struct DriverCheck {
  let tree: SystemTree
  let shell: Shell

  /// The driver of a chip of a family, by how names of its chips begin.
  private struct Family {
    var chips: [String]
    var module: String
    var driver: String
  }

  /// Bindings: invensense,mpu6050.yaml, bosch,bmi160.yaml, st,lsm6dsx.yaml.
  private static let families = [
    Family(chips: ["mpu6", "mpu9", "icm206", "iam20"], module: "inv_mpu6050_i2c", driver: "inv-mpu6050-i2c"),
    Family(chips: ["bmi160"], module: "bmi160_i2c", driver: "bmi160_i2c"),
    Family(
      chips: ["lsm6d", "lsm9ds1-imu", "ism330", "asm330"], module: "st_lsm6dsx_i2c", driver: "st_lsm6dsx_i2c"),
  ]
  /// Other chips that measure motion.
  private static let others = ["bmi", "bno055", "icm", "adxl", "lis", "lsm", "kxcjk", "kx", "mma", "fxos", "fxls"]

  func findings(_ survey: Result<SensorSurvey, SensorError>) -> [Finding] {
    let error: SensorError
    var devices: [SensorSurvey.Device] = []
    switch survey {
    case .failure(let failure): error = failure
    case .success(let survey):
      devices = survey.devices
      switch survey.choice {
      case .success(let choice):
        return [Finding("driver", .ok, survey.chosenDevices(choice).map(text).joined(separator: "; "))]
      case .failure(let failure): error = failure
      }
    }
    // A device that was asked for by name, and so on: its own words are the best there are.
    guard error.kind == .notFound || error.kind == .unsuitable else {
      return [Finding("driver", .problem, "\(error)")]
    }
    if let device = devices.first(where: { !$0.isUsable && $0.capability.hasSuffix("but no buffer") }) {
      return [withoutInterrupt(device)]
    }
    let waiting = driverless()
    if let (device, chip) = waiting.first { return [withoutDriver(device, chip)] }
    return [withoutSensor(error)]
  }

  /// Such as `iio:device0 is mpu6050 (inv-mpu6050-i2c of 1-0068)`.
  private func text(_ device: SensorSurvey.Device) -> String {
    let driver = tree.linkedName("/sys/bus/iio/devices/\(device.id)/../driver").map { driver in
      " (\(driver)" + (IIOParent(of: device.id, in: tree).map { " of \($0.device)" } ?? "") + ")"
    }
    return "\(device.id) is \(device.name ?? "without name")\(driver ?? ""); it \(device.capability), and a buffer"
  }

  private func withoutInterrupt(_ device: SensorSurvey.Device) -> Finding {
    Finding(
      "interrupt", .problem,
      "\(device.name ?? device.id) has no buffer, since the kernel knows of no interrupt line of it: wire INT, and name its "
        + "line in the device tree"
        + (board.isRaspberry ? "" : " (\(board.otherBoards))"),
      command: board.overlayCommand(shell))
  }

  private func withoutDriver(_ device: String, _ chip: String) -> Finding {
    let folder = "/sys/bus/i2c/devices/\(device)"
    guard let family = Self.families.first(where: { $0.chips.contains(where: chip.hasPrefix) }) else {
      return Finding(
        "driver", .problem, "the I2C device \(device) (\(chip)) has no driver",
        command: shell.root("modprobe \"$(cat \(folder)/modalias)\""))
    }
    guard tree.exists("/sys/bus/i2c/drivers/\(family.driver)") else {
      return Finding(
        "driver", .problem,
        "the I2C device \(device) (\(chip)) has no driver: its module \(family.module) is not loaded",
        command: shell.root("modprobe \(family.module)"))
    }
    return Finding(
      "driver", .problem,
      "the driver \(family.driver) is loaded, but does not have the I2C device \(device) (\(chip)); where it refuses it, "
        + "dmesg | grep \(device) says why",
      command: shell.write(device, to: "/sys/bus/i2c/drivers/\(family.driver)/bind"))
  }

  private func withoutSensor(_ error: SensorError) -> Finding {
    Finding(
      "driver", .problem,
      "the kernel knows of no motion sensor (\(error.problem)): "
        + (board.isRaspberry
          ? "an MPU-6050 at 0x68 with INT at GPIO4 needs an overlay, and a restart"
          : "the device tree must describe it (\(board.otherBoards))"),
      command: board.overlayCommand(shell))
  }

  /// I2C devices that no driver has and whose names are those of motion sensors.
  private func driverless() -> [(device: String, chip: String)] {
    let folder = "/sys/bus/i2c/devices"
    let prefixes = Self.families.flatMap(\.chips) + Self.others
    return tree.names(in: folder).compactMap { device in
      guard let chip = tree.text("\(folder)/\(device)/name"), prefixes.contains(where: chip.hasPrefix),
        tree.link("\(folder)/\(device)/driver") == nil
      else { return nil }
      return (device, chip)
    }
  }

  private var board: BoardModel { BoardModel(tree: tree) }
}

/// What is behind an IIO device: its place on a bus, and its driver.
struct IIOParent: Sendable, Hashable {
  /// Such as "1-0068".
  var device: String
  /// Such as "i2c".
  var bus: String
  /// Such as "inv-mpu6050-i2c".
  var driver: String

  init?(of id: String, in tree: SystemTree) {
    let folder = "/sys/bus/iio/devices/\(id)/.."
    guard let path = tree.resolved(folder), let device = path.split(separator: "/").last,
      let bus = tree.linkedName("\(folder)/subsystem"), let driver = tree.linkedName("\(folder)/driver")
    else { return nil }
    (self.device, self.bus, self.driver) = (String(device), bus, driver)
  }

  /// Unbinds the driver and binds it again, which sets the chip up anew.
  func rebinding(_ shell: Shell) -> String {
    let folder = "/sys/bus/\(bus)/drivers/\(driver)"
    return shell.write(device, to: "\(folder)/unbind") + " && " + shell.write(device, to: "\(folder)/bind")
  }
}

/// Which board this is.
struct BoardModel {
  let tree: SystemTree

  /// Whether it is a Raspberry Pi.
  var isRaspberry: Bool { tree.text("/proc/device-tree/model")?.hasPrefix("Raspberry Pi") ?? false }

  /// Where it is written what boards of other kinds need: as the package installs it, or in the source.
  var otherBoards: String {
    let notes = "devicetree-notes/README.md"
    let installed = "/usr/share/doc/tacc/\(notes)"
    return "\(tree.exists(installed) ? installed : notes), Other boards"
  }

  /// Gives a Raspberry Pi an MPU-6050 with an interrupt, and restarts it; `nil` on other boards.
  func overlayCommand(_ shell: Shell) -> String? {
    guard isRaspberry else { return nil }
    let file =
      ["/boot/firmware/config.txt", "/boot/config.txt"].first(where: tree.exists) ?? "/boot/firmware/config.txt"
    let line = "dtoverlay=i2c-sensor,mpu6050,addr=0x68,int_pin=4"
    let present = (tree.text(file) ?? "").split(separator: "\n").contains {
      $0.hasPrefix("dtoverlay=i2c-sensor,mpu6050")
    }
    let change =
      present
      ? shell.root("sed -i 's/^dtoverlay=i2c-sensor,mpu6050.*/\(line)/' \(file)")
      : "printf '%s\\n' dtparam=i2c_arm=on \(line) | \(shell.root("tee -a \(file)")) >/dev/null"
    return "\(change) && \(shell.root("reboot"))"
  }
}

extension SensorSurvey {
  /// The devices of a choice, one or two.
  func chosenDevices(_ choice: MotionSourceDescription) -> [Device] {
    let names = choice.name.components(separatedBy: " and ")
    var found: [Device] = []
    for name in names {
      if let device = devices.first(where: { $0.isUsable && ($0.name ?? $0.id) == name && !found.contains($0) }) {
        found.append(device)
      }
    }
    return found
  }
}

extension String {
  /// Without Foundation.
  fileprivate func components(separatedBy separator: String) -> [String] {
    var parts = [""]
    var rest = self[...]
    while !rest.isEmpty {
      if rest.hasPrefix(separator) {
        parts.append("")
        rest = rest.dropFirst(separator.count)
      } else {
        parts[parts.count - 1].append(rest.removeFirst())
      }
    }
    return parts
  }
}
