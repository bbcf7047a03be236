import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import Relay

/// What goes to the system together after one read.
@Suite("Frames that wait for the end of a read")
struct WaitingFramesTests {
  /// A relay's pipelines on one loop without sockets.
  final class Bench {
    let eventLoop = EmbeddedEventLoop()
    let services: RelayServices

    init() {
      let metrics = RelayMetrics()
      let configuration = RelayConfiguration()
      let loop = LoopContext(eventLoop: eventLoop, limits: configuration.limits, metrics: metrics)
      services = RelayServices(
        configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: metrics,
        loops: [NIOLoopBound(loop, eventLoop: eventLoop)])
    }

    func socket(_ path: String) throws -> EmbeddedChannel {
      let channel = EmbeddedChannel(loop: eventLoop)
      try RelayServer.prepare(channel, services: services)
      try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
      try channel.writeInbound(
        ByteBuffer(
          string: "GET \(path) HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"))
      eventLoop.run()
      return channel
    }

    /// The pieces handed to the system, and empties them.
    func pieces(of channel: EmbeddedChannel) throws -> [[UInt8]] {
      var pieces: [[UInt8]] = []
      while let piece = try channel.readOutbound(as: ByteBuffer.self) { pieces.append(Array(piece.readableBytesView)) }
      return pieces
    }
  }

  /// A masked text frame that carries a packet with `size` bytes of data.
  static func packet(_ number: Int, size: Int) -> [UInt8] {
    let text = Array(
      "{\"type\":\"packet\",\"n\":\(number),\"payload\":\"\(String(repeating: "x", count: size))\"}".utf8)
    let length: [UInt8] =
      text.count < 126 ? [0x80 | UInt8(text.count)] : [0x80 | 126, UInt8(text.count >> 8), UInt8(text.count & 0xFF)]
    return [0x81] + length + [0, 0, 0, 0] + text
  }

  /// The number in each relayed message, in order.
  static func numbers(_ bytes: [UInt8]) -> [Int] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\"n\":").dropFirst().compactMap {
      Int($0.prefix { $0.isNumber })
    }
  }

  private func relay(_ sizes: [Int]) throws -> [[UInt8]] {
    let bench = Bench()
    let code = try bench.services.store.open(from: nil).code.text
    let alice = try bench.socket("/ws/\(code)/alice")
    let bob = try bench.socket("/ws/\(code)/bob")
    _ = try bench.pieces(of: bob)
    try alice.writeInbound(ByteBuffer(bytes: sizes.enumerated().flatMap { Self.packet($0, size: $1) }))
    let pieces = try bench.pieces(of: bob)
    for channel in [alice, bob] { channel.close(promise: nil) }
    try bench.eventLoop.syncShutdownGracefully()
    return pieces
  }

  @Test("small ones go out in one piece, in order")
  func smallFrames() throws {
    let pieces = try relay(Array(repeating: 32, count: 50))
    #expect(pieces.count == 1)
    #expect(Self.numbers(pieces.flatMap { $0 }) == Array(0..<50))
  }

  @Test("a large one is not copied behind others, and keeps its place among them")
  func largeFrames() throws {
    let pieces = try relay([32, 3_000, 32, 32, 3_000, 3_000])
    #expect(pieces.map { Self.numbers($0) } == [[0], [1, 2, 3], [4], [5]])
  }

  @Test("many go out in pieces of no more than 16 KiB and a frame")
  func manyFrames() throws {
    let pieces = try relay(Array(repeating: 1_000, count: 60))
    #expect(pieces.allSatisfy { $0.count < 16 * 1024 + 2 * 1024 })
    #expect(Self.numbers(pieces.flatMap { $0 }) == Array(0..<60))
  }
}
