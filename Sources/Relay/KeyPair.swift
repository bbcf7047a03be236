import NIOSSL

/// Whether a certificate and a private key are a pair, before NIOSSL finds out: it does not free what it has made for them
/// where they are none.
///
/// NIOSSL has no call for this, and stops the process where it is asked for a public key of a kind that it does not know.
/// What is read here is DER that it has written itself.
enum KeyPair {
  /// `nil` where the private key does not bring its public half along, as Ed25519 has it: then NIOSSL has to say.
  static func belongTogether(_ certificate: NIOSSLCertificate, _ key: NIOSSLPrivateKey) -> Bool? {
    guard let certificate = try? certificate.toDERBytes(), let key = try? key.derBytes,
      let wanted = publicKey(ofCertificate: certificate), let found = publicKey(ofPrivateKey: key)
    else { return nil }
    // A point of a curve may be written compressed as well.
    if wanted.first == 0x02 || wanted.first == 0x03 { return nil }
    return wanted == found
  }

  /// What `subjectPublicKey` holds (RFC 5280 section 4.1).
  private static func publicKey(ofCertificate der: [UInt8]) -> [UInt8]? {
    var outer = DERReader(der[...])
    guard var certificate = outer.sequence(), var fields = certificate.sequence() else { return nil }
    // Version 1 has no version; then serial number, signature algorithm, issuer, validity, subject.
    if fields.nextTag == 0xA0 { _ = fields.element() }
    for _ in 0..<5 { _ = fields.element() }
    guard var info = fields.sequence(), info.element() != nil else { return nil }
    return info.bitString()
  }

  /// The same of a private key that is `RSAPrivateKey` (RFC 8017 section A.1.2) or `ECPrivateKey` (RFC 5915).
  private static func publicKey(ofPrivateKey der: [UInt8]) -> [UInt8]? {
    var outer = DERReader(der[...])
    guard var fields = outer.sequence(), fields.element()?.tag == DERReader.integer else { return nil }
    if fields.nextTag == DERReader.integer {
      guard let modulus = fields.element(), let exponent = fields.element() else { return nil }
      // RSAPublicKey is a sequence of these two.
      return DERReader.sequence(of: modulus.encoding + exponent.encoding)
    }
    while let field = fields.element() {
      guard field.tag == 0xA1 else { continue }
      var tagged = DERReader(field.content)
      return tagged.bitString()
    }
    return nil
  }
}

/// Reads DER (X.690), element by element, as far as keys need it.
struct DERReader {
  struct Element {
    let tag: UInt8
    let content: ArraySlice<UInt8>
    /// The whole, with tag and length.
    let encoding: ArraySlice<UInt8>
  }

  static let integer: UInt8 = 0x02
  private static let bitString: UInt8 = 0x03
  private static let sequence: UInt8 = 0x30

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) {
    rest = bytes
  }

  /// The tag of what comes next.
  var nextTag: UInt8? { rest.first }

  /// The next element; `nil` at the end and where there is none that is whole.
  mutating func element() -> Element? {
    let start = rest
    guard let tag = rest.popFirst(), let first = rest.popFirst() else { return nil }
    var length = Int(first)
    if first >= 0x80 {
      let count = Int(first & 0x7F)
      guard (1...4).contains(count), count <= rest.count else { return nil }
      length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(count)
    }
    guard length <= rest.count else { return nil }
    let content = rest.prefix(length)
    rest = rest.dropFirst(length)
    return Element(tag: tag, content: content, encoding: start[..<content.endIndex])
  }

  /// What the next element holds, a sequence.
  mutating func sequence() -> DERReader? {
    guard let element = element(), element.tag == Self.sequence else { return nil }
    return DERReader(element.content)
  }

  /// The bytes of the next element, a bit string of whole bytes.
  mutating func bitString() -> [UInt8]? {
    guard let element = element(), element.tag == Self.bitString, element.content.first == 0 else { return nil }
    return Array(element.content.dropFirst())
  }

  /// A sequence of elements, written.
  static func sequence(of elements: ArraySlice<UInt8>) -> [UInt8] {
    let count = elements.count
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }.drop { $0 == 0 }
    let length = count < 0x80 ? [UInt8(count)] : [0x80 | UInt8(bytes.count)] + bytes
    return [sequence] + length + elements
  }
}
