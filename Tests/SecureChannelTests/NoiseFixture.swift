import Foundation
import Testing

/// A file of deterministic Noise runs; its `source` says how they were made. Byte strings are hexadecimal.
struct NoiseFixture: Decodable {
  struct Message: Decodable {
    let payload: String
    let ciphertext: String
  }

  struct Run: Decodable {
    let id: Int
    let psk: String?
    let init_prologue: String
    let resp_prologue: String
    let init_static: String?
    let resp_static: String?
    let init_ephemeral: String
    let resp_ephemeral: String
    let handshake_hash: String
    let init_to_resp_key: String
    let resp_to_init_key: String
    let messages: [Message]
  }

  struct FailingRun: Decodable {
    let `case`: String
    let psk: String
    let resp_prologue: String
    let resp_ephemeral: String
    let message: String
    let fails_at: String
    let expect: String
  }

  let protocol_name: String
  let vectors: [Run]
  let negative: [FailingRun]

  static func load(_ name: String) throws -> NoiseFixture {
    let file = try #require(
      Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Fixtures"))
    return try JSONDecoder().decode(NoiseFixture.self, from: Data(contentsOf: file))
  }
}
