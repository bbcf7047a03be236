import Foundation
import FuzzSupport

@testable import Relay

/// The readers of text, against Foundation's: what the relay takes for sound must be sound to others, and mean the same.
@main
enum FuzzEnvelope {
  static func main() {
    _ = fuzz { data, count in
      let bytes = UnsafeBufferPointer(start: data, count: count)
      let text = String(validating: bytes, as: UTF8.self)
      if UTF8Check.isValid(bytes) != (text != nil) { broken("two opinions on UTF-8") }
      if let decoded = Base64.decodedCount(Array(bytes)) {
        guard let text, let other = Data(base64Encoded: text), other.count == decoded,
          other.base64EncodedString() == text, Base64.encode(Array(other)) == text
        else { broken("two opinions on base64") }
      }
      let envelope: Envelope
      do throws(EnvelopeFault) {
        envelope = try Envelope(scanning: UnsafeRawBufferPointer(bytes))
      } catch {
        if (error == .notUTF8) != (text == nil) { broken("not UTF-8 is named where it is, and only there") }
        return 0
      }
      let object: Any
      do {
        object = try JSONSerialization.jsonObject(with: Data(bytes))
      } catch {
        // JSON has no range of numbers, Foundation has; it refuses nothing else that is sound.
        let readable = bytes.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        if readable { return 0 }
        broken("the relay reads what Foundation does not: \(error)")
      }
      guard let message = object as? [String: Any], let type = message["type"] as? String else {
        broken("no object with a type")
      }
      let expected: Envelope = ["ping": .ping, "commit": .commit, "bye": .bye][type] ?? .forward
      guard envelope == expected else { broken("two opinions on the type") }
      if envelope == .commit {
        guard let payload = message["payload"] as? [String: Any], let commit = payload["commit_b64"] as? String,
          Data(base64Encoded: commit)?.count == Envelope.commitBytes
        else { broken("two opinions on a commitment") }
      }
      return 0
    }
  }
}
