import Logging
import NIOCore
import NIOEmbedded

@testable import Relay

/// The relay's own pipelines and sessions without sockets: everything that a client's bytes reach.
public final class EmbeddedRelay {
  private let eventLoop = EmbeddedEventLoop()
  private let loop: LoopContext
  private let services: RelayServices
  /// The code of a session that was opened.
  public let code: String

  /// A relay with small limits and one open session.
  public init() {
    var limits = RelayLimits()
    // Small, so that a fuzzer finds them.
    limits.messageBytes = 512
    limits.sessionBytes = 4_096
    limits.sessionMessages = 64
    limits.extraFrames = 32
    limits.keptBytes = 1_024
    limits.keptMessages = 8
    limits.requestHeadBytes = 512
    limits.requestBodyBytes = 64
    limits.roomMessages = 8
    let logger = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
    let metrics = RelayMetrics()
    loop = LoopContext(eventLoop: eventLoop, limits: limits, metrics: metrics)
    services = RelayServices(
      configuration: RelayConfiguration(limits: limits), logger: logger, metrics: metrics,
      loops: [NIOLoopBound(loop, eventLoop: eventLoop)])
    do throws(SessionRefusal) {
      code = try services.store.open(from: nil).code.text
    } catch {
      broken("no session: \(error)")
    }
  }

  /// A connection as the listening socket hands it over.
  public func connect() -> EmbeddedChannel {
    let channel = EmbeddedChannel(loop: eventLoop)
    do {
      try RelayServer.prepare(channel, services: services)
      try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
    } catch {
      broken("no connection: \(error)")
    }
    return channel
  }

  /// A connection that was upgraded at `path`.
  public func socket(_ path: String) -> EmbeddedChannel {
    let channel = connect()
    let request =
      "GET \(path) HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    send(Array(request.utf8), to: channel)
    guard output(of: channel).starts(with: Array("HTTP/1.1 101 ".utf8)) else { broken("no upgrade at \(path)") }
    return channel
  }

  /// Has a client send `bytes` as one packet.
  public func send(_ bytes: [UInt8], to channel: EmbeddedChannel) {
    guard channel.isActive else { return }
    // An error that no handler takes is found here, and is none of the relay's making.
    _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
    eventLoop.run()
  }

  /// Lets `seconds` pass for what looks at connections regularly.
  public func tick(afterSeconds seconds: Int64) {
    loop.tick(at: RelayInstant.monotonicNow() + seconds * 1_000_000_000)
    eventLoop.run()
  }

  /// Everything the relay has sent on `channel` and nobody has taken yet.
  public func output(of channel: EmbeddedChannel) -> [UInt8] {
    var bytes: [UInt8] = []
    do {
      while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
    } catch {
      broken("something other than bytes was written: \(error)")
    }
    return bytes
  }

  /// Closes connections from the relay's side of the socket, as a client that is gone does.
  public func close(_ channels: [EmbeddedChannel]) {
    for channel in channels where channel.isActive { channel.close(promise: nil) }
    eventLoop.run()
  }

  /// Ends everything, so that nothing is left that a leak could hide among.
  public func end(_ channels: [EmbeddedChannel]) {
    close(channels)
    try? eventLoop.syncShutdownGracefully()
  }
}
