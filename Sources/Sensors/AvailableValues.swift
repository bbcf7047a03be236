import Motion

/// What an `_available` attribute lists: single values, or "[minimum step maximum]" (Linux ABI document
/// `sysfs-bus-iio`).
enum AvailableValues: Sendable, Hashable {
  /// The values in ascending order, each with the text that selects it.
  case list([Value])
  /// All values from a minimum to a maximum, by a step.
  case range(minimum: Double, step: Double, maximum: Double)

  /// A value with its text.
  struct Value: Sendable, Hashable {
    var number: Double
    var text: String
  }

  /// How far below what is wanted still counts as reaching it: drivers print rounded numbers (±8 g of an MPU-6050 is
  /// ±7.99 g by its scale).
  static let tolerance = 0.01

  /// Parses the attribute; nil if there is nothing usable in it.
  init?(_ text: String) {
    let words = text.split { " \t\n\r[]".contains($0) }.map(String.init)
    guard !words.isEmpty, words.count <= 1024 else { return nil }
    let values = words.compactMap { word in
      parseDecimal(word).map { Value(number: $0, text: word) }
    }
    guard values.count == words.count else { return nil }
    if text.contains("[") {
      guard values.count == 3, values[0].number <= values[2].number, values[1].number >= 0 else { return nil }
      self = .range(minimum: values[0].number, step: values[1].number, maximum: values[2].number)
    } else {
      self = .list(values.sorted { $0.number < $1.number })
    }
  }

  /// The smallest value that reaches what is wanted, else the largest there is; values not above zero never count.
  func smallest(reaching wanted: Double) -> Value? {
    let enough = wanted * (1 - Self.tolerance)
    switch self {
    case .list(let values):
      let positive = values.filter { $0.number > 0 }
      return positive.first { $0.number >= enough } ?? positive.last
    case .range(let minimum, let step, let maximum):
      guard maximum > 0 else { return nil }
      var value = max(minimum, min(maximum, wanted))
      if step > 0, value > minimum {
        // The step at or above it, unless it sits on a step but for rounding.
        value = min(maximum, minimum + ((value - minimum) / step - 1e-6).rounded(.up) * step)
      }
      return value > 0 ? Value(number: value, text: decimalText(value)) : nil
    }
  }

  /// A value that differs from another one: the largest below it, else the smallest above it.
  func other(than number: Double) -> Value? {
    switch self {
    case .list(let values):
      let others = values.filter { $0.number > 0 && abs($0.number - number) > 1e-3 * number }
      return others.last { $0.number < number } ?? others.first
    case .range(let minimum, _, let maximum):
      let far = abs(maximum - number) > abs(minimum - number) ? maximum : minimum
      return far > 0 && abs(far - number) > 1e-3 * number ? Value(number: far, text: decimalText(far)) : nil
    }
  }
}
