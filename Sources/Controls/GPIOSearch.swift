internal import Evdev

/// Finds chips and lines.
struct GPIOSearch {
  let library: any GPIOLibrary

  /// A line that was found, and its chip, open.
  struct Found {
    var chip: any GPIOChip
    var offset: Int
    var name: String?

    /// Such as `line 17 (GPIO17)`.
    var lineText: String { "line \(offset)" + (name.map { " (\($0))" } ?? "") }
    /// Such as `/dev/gpiochip0 [pinctrl-bcm2711]`.
    var chipText: String { chip.text }
  }

  private struct Chips {
    var open: [any GPIOChip] = []
    var forbidden: [String] = []
  }

  func find(_ reference: GPIOLineReference) throws(ControlsError) -> Found {
    switch (reference.chip, reference.line) {
    case (nil, .offset(let offset)):
      throw .invalidConfiguration(
        "the GPIO line \(offset) is a number, which means nothing without a chip; give the chip (gpiochip0), or the "
          + "line's name (GPIO\(offset))")
    case (_, .name("")): throw .invalidConfiguration("the name of the GPIO line is empty; expected such as GPIO17")
    case (let text?, .offset(let offset)): return try line(offset, of: chip(text))
    case (let text?, .name(let name)): return try line(name, on: Chips(open: [chip(text)]))
    case (nil, .name(let name)):
      let chips = try allChips()
      if chips.open.isEmpty, chips.forbidden.isEmpty { throw .noChips }
      return try line(name, on: chips)
    }
  }

  private func line(_ offset: Int, of chip: any GPIOChip) throws(ControlsError) -> Found {
    guard (0..<chip.lineCount).contains(offset) else {
      throw .offsetOutOfRange(offset, chip: chip.text, lineCount: chip.lineCount)
    }
    return Found(chip: chip, offset: offset, name: try chip.info(offset).name)
  }

  private func line(_ name: String, on chips: Chips) throws(ControlsError) -> Found {
    var matches: [Found] = []
    var names: Set<String> = []
    for chip in chips.open {
      for offset in 0..<chip.lineCount {
        guard let candidate = try chip.info(offset).name, !candidate.isEmpty else { continue }
        names.insert(candidate)
        if candidate == name { matches.append(Found(chip: chip, offset: offset, name: name)) }
      }
    }
    guard let match = matches.first else {
      throw .lineNotFound(
        name, chips: chips.open.map(\.text), near: nearest(names.sorted(), to: name), forbidden: chips.forbidden)
    }
    guard matches.count == 1 else {
      throw .lineAmbiguous(name, places: matches.map { "\($0.chip.path) line \($0.offset)" })
    }
    return match
  }

  /// Opens a chip by path, name, label or number.
  private func chip(_ text: String) throws(ControlsError) -> any GPIOChip {
    if text.hasPrefix("/") {
      do { return try library.openChip(text) } catch {
        if error.saysForbidden { throw .accessDenied(path: text, operation: "opening the GPIO chip", error) }
        guard error == .noEntry else {
          throw .gpio(operation: "opening the GPIO chip", line: nil, chip: text, error)
        }
        let chips = try allChips()
        throw .chipNotFound(text, available: chips.open.map(\.text), forbidden: chips.forbidden)
      }
    }
    let chips = try allChips()
    let name = UInt32(text) == nil ? text : "gpiochip\(text)"
    if let match = chips.open.first(where: { $0.name == name }) { return match }
    let matches = chips.open.filter { $0.label == text }
    guard let match = matches.first else {
      throw .chipNotFound(text, available: chips.open.map(\.text), forbidden: chips.forbidden)
    }
    guard matches.count == 1 else { throw .chipAmbiguous(text, paths: matches.map(\.path)) }
    return match
  }

  private func allChips() throws(ControlsError) -> Chips {
    let paths: [String]
    do { paths = try library.chipPaths() } catch {
      throw .gpio(operation: "listing the GPIO chips", line: nil, chip: "/dev", error)
    }
    var chips = Chips()
    for path in paths {
      do { chips.open.append(try library.openChip(path)) } catch {
        if error.saysForbidden {
          chips.forbidden.append(path)
        } else if error != .noEntry, error != .noDevice {
          // One that went away between the listing and the opening is simply not there.
          throw .gpio(operation: "opening the GPIO chip", line: nil, chip: path, error)
        }
      }
    }
    return chips
  }
}

extension GPIOChip {
  /// Such as `/dev/gpiochip0 [pinctrl-bcm2711]`.
  var text: String { label.isEmpty ? path : "\(path) [\(label)]" }

  fileprivate func info(_ offset: Int) throws(ControlsError) -> LineInfo {
    do { return try info(ofLine: offset) } catch {
      throw .gpio(operation: "reading the line's information", line: "line \(offset)", chip: text, error)
    }
  }
}
