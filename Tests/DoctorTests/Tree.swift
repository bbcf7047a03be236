import Foundation
import Testing

@testable import Doctor

/// A directory that stands for the root of a board.
final class Tree {
  let root: String
  var system: SystemTree { SystemTree(root: root) }

  init() throws {
    root = FileManager.default.temporaryDirectory.appendingPathComponent("doctor-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// A file with a text and a mode.
  func file(_ path: String, _ text: String = "", mode: Int = 0o644) throws {
    let full = root + path
    try folder((path as NSString).deletingLastPathComponent)
    try Data(text.utf8).write(to: URL(fileURLWithPath: full))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: full)
  }

  func folder(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: root + path, withIntermediateDirectories: true)
  }

  /// A symbolic link.
  func link(_ path: String, to target: String) throws {
    try folder((path as NSString).deletingLastPathComponent)
    try? FileManager.default.removeItem(atPath: root + path)
    try FileManager.default.createSymbolicLink(atPath: root + path, withDestinationPath: target)
  }

  func mode(_ path: String, _ mode: Int) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: root + path)
  }

  /// The group that files of this tree belong to.
  var group: UInt32 {
    get throws {
      try file("/group-of-this-tree")
      return try #require(system.rights("/group-of-this-tree")).group
    }
  }

  /// The I2C device of an MPU-6050 at 0x68 of bus 1, with or without its driver.
  func sensor(bound: Bool, driverLoaded: Bool) throws {
    let device = "/sys/devices/platform/soc/i2c-1/1-0068"
    try file("\(device)/name", "mpu6050\n")
    try file("\(device)/modalias", "of:NimuT(null)Cinvensense,mpu6050\n")
    try link("\(device)/subsystem", to: "../../../../../bus/i2c")
    try folder("/sys/bus/i2c")
    if driverLoaded { try folder("/sys/bus/i2c/drivers/inv-mpu6050-i2c") }
    if bound { try link("\(device)/driver", to: "../../../../../bus/i2c/drivers/inv-mpu6050-i2c") }
    try link("/sys/bus/i2c/devices/1-0068", to: "../../../devices/platform/soc/i2c-1/1-0068")
  }

  /// The IIO device of that sensor, whose files have this mode.
  func iioDevice(mode: Int) throws {
    try sensor(bound: true, driverLoaded: true)
    let device = "/sys/devices/platform/soc/i2c-1/1-0068/iio:device0"
    for name in ["sampling_frequency", "current_timestamp_clock", "in_accel_scale", "in_anglvel_scale"] {
      try file("\(device)/\(name)", "1\n", mode: mode)
    }
    for name in ["buffer/length", "scan_elements/in_accel_x_en"] { try file("\(device)/\(name)", "0\n", mode: mode) }
    try file("\(device)/buffer/enable", "0\n", mode: mode)
    try file("\(device)/in_accel_scale_available", "0.000598 0.002392\n", mode: 0o444)
    try file("/dev/iio:device0", "", mode: mode)
    try link("/sys/bus/iio/devices/iio:device0", to: "../../../devices/platform/soc/i2c-1/1-0068/iio:device0")
  }
}

extension Finding {
  /// The same without the text, to compare with.
  var short: String { "\(check) \(verdict.rawValue)" + (command.map { ": \($0)" } ?? "") }
}
