/// What a matched agent shows when it returns to a room: 128 random bits that stand for whom it was matched with.
struct RoomTicket: Sendable, Hashable {
  /// Characters of the text.
  static let length = 32

  private let high: UInt64
  private let low: UInt64

  /// Draws a new ticket.
  static func random(using generator: inout some RandomNumberGenerator) -> RoomTicket {
    RoomTicket(high: generator.next(), low: generator.next())
  }

  private init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Reads a ticket as ``text`` writes it; `nil` for anything else.
  init?(_ text: some StringProtocol) {
    guard text.utf8.count == Self.length else { return nil }
    var words: (high: UInt64, low: UInt64) = (0, 0)
    for character in text.utf8 {
      let digit: UInt8
      switch character {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
      default: return nil
      }
      words.high = words.high << 4 | words.low >> 60
      words.low = words.low << 4 | UInt64(digit)
    }
    self.init(high: words.high, low: words.low)
  }

  /// 32 lower-case hexadecimal digits: for the client, never for a log.
  var text: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for word in [high, low] {
      for shift in stride(from: 60, through: 0, by: -4) { text.append(digits[Int(word >> shift & 15)]) }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
