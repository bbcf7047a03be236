import Foundation
import SecureChannel
import Testing

@testable import Peers

/// Records to keep.
enum Samples {
  static func record(
    _ name: String, of identity: PublicIdentity? = nil, secret: UInt8 = 1
  ) throws -> PeerRecord {
    PeerRecord(
      identity: try identity ?? IdentityKeys.generate().publicIdentity, name: try #require(DeviceName(name)),
      ownIdentity: try PublicIdentity(encoded: [UInt8](repeating: 7, count: 64)),
      pairedAt: Date(timeIntervalSince1970: 1_800_000_000.7), justifiedBits: 131, marginBits: 512, sas: "042137",
      handshakeHash: [UInt8](repeating: 3, count: 32),
      secret: try PairingSecret(bytes: SecretBytes(copying: [UInt8](repeating: secret, count: 32))))
  }

  /// A directory of its own, removed afterwards.
  static func withDirectory(_ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("peers-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }
}

extension SecretBytes {
  var exposed: [UInt8] { withExposedBytes { $0 } }
}
