import FuzzSupport
import NIOCore

/// Bytes of a client that has just connected: HeadGuard, NIO's parser and the HTTP handler.
@main
enum FuzzHTTP {
  static func main() {
    _ = fuzz { data, count in
      var choices = Choices(data, count)
      let relay = EmbeddedRelay()
      let channel = relay.connect()
      var sent: [UInt8] = []
      // The first byte says how the rest is cut into packets.
      let size = Int(choices.byte())
      while !choices.isEmpty {
        relay.send(choices.take(size == 0 ? .max : size), to: channel)
        sent += relay.output(of: channel)
      }
      relay.tick(afterSeconds: 6)
      sent += relay.output(of: channel)
      if !sent.isEmpty, !sent.starts(with: Array("HTTP/1.1 ".utf8)) { broken("the first answer is no HTTP response") }
      relay.tick(afterSeconds: 60)
      if channel.isActive, !sent.starts(with: Array("HTTP/1.1 101 ".utf8)) { broken("a connection outlives its time") }
      relay.end([channel])
      return 0
    }
  }
}
