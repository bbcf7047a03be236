/// The code two people or agents share to meet in one session: eight characters, forty bits, random
/// but for a ``ShardLabel`` in front.
///
/// The alphabet leaves out `I`, `O`, `0` and `1`, which are hard to tell apart. It has exactly 32 characters, so each
/// takes five whole bits of the random number and none is likelier than another.
struct SessionCode: Sendable, Hashable {
  static let length = 8
  static let alphabet: [UInt8] = Array("ABCDEFGHJKLMNPQRSTUVWXYZ23456789".utf8)

  /// The forty bits, in the low end.
  let bits: UInt64

  /// Draws a new code, one that begins with `shard` where there is one.
  static func random(of shard: ShardLabel? = nil, using generator: inout some RandomNumberGenerator) -> SessionCode {
    let random = generator.next() >> 24
    guard let shard else { return SessionCode(bits: random) }
    let free = UInt64(5 * (length - shard.length))
    return SessionCode(bits: shard.bits << free | random & (1 << free - 1))
  }

  private init(bits: UInt64) {
    self.bits = bits
  }

  /// Reads a code as clients write it; `nil` for anything but eight characters of the alphabet.
  init?(_ text: some StringProtocol) {
    let characters = text.utf8
    guard characters.count == Self.length else { return nil }
    var bits: UInt64 = 0
    for character in characters {
      guard let digit = Self.alphabet.firstIndex(of: character) else { return nil }
      bits = bits << 5 | UInt64(digit)
    }
    self.bits = bits
  }

  /// The code in full: for the client, never for a log.
  var text: String {
    String(
      decoding: (0..<Self.length).map { Self.alphabet[Int(bits >> UInt64(5 * (Self.length - 1 - $0)) & 31)] },
      as: UTF8.self)
  }

  /// The code as logs may show it.
  var redacted: String { text.prefix(2) + "…" }
}
