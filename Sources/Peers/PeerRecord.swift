import Foundation
import SecureChannel

/// What this board keeps of another that it was paired with.
public struct PeerRecord: Sendable {
  /// The other board's public keys, by which it is known.
  public let identity: PublicIdentity
  /// What it calls itself.
  public let name: DeviceName
  /// What it is called here, if somebody gave it a name.
  public var alias: DeviceName?
  /// This board's own public keys at the pairing, which exported keys are bound to.
  public let ownIdentity: PublicIdentity
  /// When the pairing was, to the second.
  public let pairedAt: Date
  /// How many bits of the pairing key are justified, as far as that may be told beside a key.
  public let justifiedBits: Int
  /// The security margin that was kept back from them, bits.
  public let marginBits: Int
  /// The six digits of the pairing.
  public let sas: String
  /// The hash of the pairing's handshake, 32 bytes.
  public let handshakeHash: [UInt8]
  /// What keys for other programs follow from.
  public let secret: PairingSecret
  /// The labels of the keys that were exported so far, in the order of their bytes.
  public var exportedLabels: [String]

  /// What it is called here.
  public var shownName: DeviceName { alias ?? name }

  /// A record of a pairing just made.
  public init(
    identity: PublicIdentity, name: DeviceName, ownIdentity: PublicIdentity, pairedAt: Date, justifiedBits: Int,
    marginBits: Int, sas: String, handshakeHash: [UInt8], secret: PairingSecret
  ) {
    self.identity = identity
    self.name = name
    self.ownIdentity = ownIdentity
    self.pairedAt = Date(timeIntervalSince1970: pairedAt.timeIntervalSince1970.rounded(.down))
    self.justifiedBits = justifiedBits
    self.marginBits = marginBits
    self.sas = sas
    self.handshakeHash = handshakeHash
    self.secret = secret
    exportedLabels = []
  }

  /// A key for another program, equal on both boards.
  ///
  /// - Throws: ``PeerError/crypto(_:)`` on a wrong count or without guarded memory.
  public func exportedKey(_ label: ExportLabel, count: Int) throws(PeerError) -> SecretBytes {
    do {
      return try secret.exportedKey(label, boards: (identity, ownIdentity), count: count)
    } catch {
      throw .crypto(error)
    }
  }
}

/// The file of a peer: JSON with keys in snake case, all but ``secretKey`` by Foundation's coders.
struct PeerFile: Codable {
  static let secretKey = "pairing_secret"

  var format: Int
  var name: String
  var alias: String?
  var staticKey: Data
  var signingKey: Data
  var ownStaticKey: Data
  var ownSigningKey: Data
  var pairedAt: Date
  var justifiedBits: Int
  var marginBits: Int
  var sas: String
  var handshakeHash: Data
  var exportedLabels: [String]
  /// Blanks, or nothing: see ``SecretField``.
  var pairingSecret = ""
  /// 16 bytes of HMAC(secret, "TACC2/peer-file" ‖ pk ‖ own pk): whether secret and keys are those that belong together.
  var check: Data
}

extension PeerRecord {
  /// The whole file, secret included; the caller wipes it.
  func encoded() throws(PeerError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let file = PeerFile(
      format: FileFormat.current, name: name.text, alias: alias?.text, staticKey: Data(identity.staticKey),
      signingKey: Data(identity.signingKey), ownStaticKey: Data(ownIdentity.staticKey),
      ownSigningKey: Data(ownIdentity.signingKey), pairedAt: pairedAt, justifiedBits: justifiedBits,
      marginBits: marginBits, sas: sas, handshakeHash: Data(handshakeHash), exportedLabels: exportedLabels,
      check: Data(check))
    guard let text = try? encoder.encode(file) else { throw .corrupt(path: name.text, reason: "not encodable") }
    return SecretField.filled(Array(text) + [UInt8(ascii: "\n")], PeerFile.secretKey, with: secret.bytes)
  }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - text: its bytes; the secret among them is wiped.
  ///   - path: for error texts.
  init(decoding text: inout [UInt8], path: String) throws(PeerError) {
    func damaged(_ reason: String) -> PeerError { .corrupt(path: path, reason: reason) }
    defer { wipe(&text) }
    let bytes = SecretField.cut(PeerFile.secretKey, count: PairingSecret.count, from: &text)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.dateDecodingStrategy = .iso8601
    struct Format: Decodable { var format: Int }
    guard let format = try? decoder.decode(Format.self, from: Data(text)).format else {
      throw damaged("not the JSON of a peer")
    }
    guard format <= FileFormat.current else { throw .laterFormat(path: path, format: format) }
    guard let file = try? decoder.decode(PeerFile.self, from: Data(text)) else {
      throw damaged("not the JSON of a peer")
    }
    guard let name = DeviceName(file.name) else { throw damaged("a name that is none") }
    guard file.alias.map({ DeviceName($0) != nil }) ?? true else { throw damaged("an alias that is none") }
    guard file.sas.utf8.count == 6, file.sas.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      file.handshakeHash.count == 32, file.exportedLabels.allSatisfy({ ExportLabel($0) != nil })
    else { throw damaged("SAS, handshake hash or labels are none") }
    guard let bytes, let secret = try? PairingSecret(bytes: bytes) else {
      throw damaged("its secret is not \(PairingSecret.count) bytes of base64")
    }
    guard
      let identity = try? PublicIdentity(staticKey: Array(file.staticKey), signingKey: Array(file.signingKey)),
      let own = try? PublicIdentity(staticKey: Array(file.ownStaticKey), signingKey: Array(file.ownSigningKey))
    else { throw damaged("its keys have other lengths than 32 bytes") }
    self.init(
      identity: identity, name: name, ownIdentity: own, pairedAt: file.pairedAt, justifiedBits: file.justifiedBits,
      marginBits: file.marginBits, sas: file.sas, handshakeHash: Array(file.handshakeHash), secret: secret)
    alias = file.alias.flatMap { DeviceName($0) }
    exportedLabels = file.exportedLabels
    guard constantTimeEqual(Array(file.check), check) else { throw damaged("secret and keys do not belong together") }
  }

  private var check: [UInt8] {
    Array(
      HMACSHA256.authenticate(
        key: secret.bytes, message: Array("TACC2/peer-file".utf8) + identity.encoded + ownIdentity.encoded
      ).prefix(16))
  }
}
