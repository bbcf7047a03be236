import FuzzSupport
import NIOCore
import NIOEmbedded

/// Bytes of two clients after the upgrade, in one session or in one room: frame decoder, WebSocket handler, sessions
/// and rooms. The other side must get nothing but sound messages, whatever was sent.
@main
enum FuzzFrames {
  static func main() {
    _ = fuzz { data, count in
      var choices = Choices(data, count)
      let relay = EmbeddedRelay()
      let inRoom = choices.byte() & 1 == 1
      let paths = inRoom ? ["/rooms/fuzz", "/rooms/fuzz"] : ["/ws/\(relay.code)/alice", "/ws/\(relay.code)/bob"]
      var sockets = [relay.socket(paths[0])]
      var sent: [[UInt8]] = [[], []]
      while !choices.isEmpty {
        // One packet: who sends it or what else happens, and how long it is.
        let action = choices.byte()
        let side = Int(action & 1)
        switch action >> 5 {
        case 0: relay.tick(afterSeconds: Int64(action & 31))
        case 1 where sockets.count == 2: relay.close([sockets[side]])
        default:
          if side >= sockets.count { sockets.append(relay.socket(paths[1])) }
          relay.send(choices.take(Int(choices.byte())), to: sockets[side])
        }
        for (side, socket) in sockets.enumerated() { sent[side] += relay.output(of: socket) }
      }
      relay.tick(afterSeconds: 0)
      for (side, socket) in sockets.enumerated() { sent[side] += relay.output(of: socket) }
      for (side, bytes) in sent.enumerated() {
        for message in ServerOutput(bytes).messages where message["type"] as? String == "relay" {
          guard let payload = message["payload"] as? [String: Any],
            payload["from"] as? String == ["bob", "alice"][side],
            (payload["msg"] as? [String: Any])?["type"] is String
          else { broken("a relayed message that no side can have sent") }
        }
      }
      relay.end(sockets)
      return 0
    }
  }
}
