/// A look at a GPIO line, without requesting it.
public struct LineSurvey: Sendable, Hashable {
  /// Such as `line 17 (GPIO17) of /dev/gpiochip0 [pinctrl-bcm2711]`.
  public let place: String
  /// The path of its chip, such as `/dev/gpiochip0`.
  public let chip: String
  /// The label of its chip, such as `pinctrl-bcm2711`.
  public let chipLabel: String
  /// Its number on the chip.
  public let offset: Int
  /// What its holder calls itself, empty if it gives no name; `nil` if the line is free.
  public let consumer: String?

  /// Finds a line and looks who has it.
  public init(_ reference: GPIOLineReference) throws(ControlsError) {
    try self.init(reference, library: LibGPIOD())
  }

  init(_ reference: GPIOLineReference, library: any GPIOLibrary) throws(ControlsError) {
    let found = try GPIOSearch(library: library).find(reference)
    place = "\(found.lineText) of \(found.chipText)"
    (chip, chipLabel, offset) = (found.chip.path, found.chip.label, found.offset)
    do {
      let info = try found.chip.info(ofLine: found.offset)
      consumer = info.isUsed ? info.consumer : nil
    } catch {
      throw .gpio(operation: "reading the line's information", line: found.lineText, chip: found.chipText, error)
    }
  }

  /// What was seen of a line.
  public init(place: String, chip: String, chipLabel: String, offset: Int, consumer: String?) {
    (self.place, self.chip, self.chipLabel, self.offset, self.consumer) = (place, chip, chipLabel, offset, consumer)
  }

  /// What this program's own button and light call themselves.
  public static let ownConsumers = [GPIOButton.consumer, GPIOLightOutput.consumer]
}
