import Foundation
import Glibc
import Motion
import NIOCore
import NIOPosix
import SocketTestSupport
import Testing

@testable import IIODReplay

/// Tests with sockets and real time, one after the other.
@Suite("Over the network", .serialized, .timeLimit(.minutes(2)))
struct ServerTests {
  /// A TCP client that says exactly what a test wants said.
  final class RawClient {
    private final class Collector: ChannelInboundHandler, Sendable {
      typealias InboundIn = ByteBuffer
      let continuation: AsyncStream<[UInt8]>.Continuation

      init(_ continuation: AsyncStream<[UInt8]>.Continuation) { self.continuation = continuation }

      func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        continuation.yield(Array(Self.unwrapInboundIn(data).readableBytesView))
      }

      func channelInactive(context: ChannelHandlerContext) { continuation.finish() }

      func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let channel: any Channel
    private var iterator: AsyncStream<[UInt8]>.Iterator
    private(set) var received: [UInt8] = []

    init(_ port: Int, reads: Bool = true) async throws {
      let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
      iterator = stream.makeAsyncIterator()
      channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelOption(ChannelOptions.autoRead, value: reads)
        .channelInitializer { $0.pipeline.addHandler(Collector(continuation)) }
        .connect(host: "127.0.0.1", port: port).get()
    }

    func send(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }

    func read(_ reads: Bool) async throws { try await channel.setOption(ChannelOptions.autoRead, value: reads).get() }

    func close() async { try? await channel.close().get() }

    /// Takes so many bytes; fewer at the end of the stream.
    func take(_ count: Int) async -> [UInt8] {
      while received.count < count, let more = await iterator.next() { received += more }
      defer { received.removeFirst(min(count, received.count)) }
      return Array(received.prefix(count))
    }

    func text(_ count: Int) async -> String { String(decoding: await take(count), as: UTF8.self) }

    /// Takes a line, and gives it without its end.
    func line() async -> String {
      var line = ""
      while let byte = await take(1).first, byte != 0x0A { line.unicodeScalars.append(Unicode.Scalar(byte)) }
      return line
    }

    /// Takes what comes until the end of the stream.
    func toEnd() async -> Int {
      var count = received.count
      while let more = await iterator.next() { count += more.count }
      return count
    }
  }

  func withServer(
    _ captures: [RawCapture], limits: ReplayLimits = ReplayLimits(), options: ReplayOptions = ReplayOptions(),
    observer: @escaping @Sendable (ReplayNotice) -> Void = { _ in },
    _ body: ([IIODReplayServer.Endpoint]) async throws -> Void
  ) async throws {
    let server = IIODReplayServer(captures: captures, port: 0, options: options, limits: limits, observer: observer)
    let endpoints = try await server.start()
    do {
      try await body(endpoints)
    } catch {
      await server.shutdown()
      throw error
    }
    await server.shutdown()
    await server.waitUntilClosed()
  }

  @Test("every capture has its port, and scans come at their time by the monotonic clock")
  func plays() async throws {
    let captures = [
      try TestCapture.counting(TestCapture.regular(40), label: "one"),
      try TestCapture.counting(TestCapture.regular(40), label: "two"),
    ]
    try await withServer(captures) { endpoints in
      #expect(endpoints.map(\.label) == ["one", "two"])
      #expect(Set(endpoints.map(\.port)).count == 2)
      let client = try await RawClient(endpoints[1].port)
      client.send("PRINT\r\n")
      let length = Int(await client.line()) ?? 0
      let xml = await client.text(length + 1)
      #expect(xml.contains("value=\"two\""))
      let before = TimestampClock.monotonic.now()
      client.send("OPEN iio:device0 10 0000007f\r\nREADBUF iio:device0 960\r\n")
      #expect(await client.line() == "0")
      var scans: [UInt8] = []
      // A chunk is a block, or what had come where this test was slow to read.
      while scans.count < 960, let length = Int(await client.line()), length > 0 {
        if scans.isEmpty { #expect(await client.line() == "0000007f") }
        scans += await client.take(length)
      }
      #expect(scans.count == 960)
      let after = TimestampClock.monotonic.now()
      let stamps = stride(from: 0, to: scans.count, by: 24).map { stamp(Array(scans[$0..<$0 + 24])) }
      #expect(stamps.first.map { $0 >= before && $0 <= after } == true)
      #expect(zip(stamps, stamps.dropFirst()).allSatisfy { $1 - $0 == 5_000_000 })
      #expect(after >= (stamps.last ?? .max))
      await client.close()
    }
  }

  @Test("connections get TCP_NODELAY, and no option that only root may set")
  func socketOptions() async throws {
    try await withServer([try TestCapture.counting(TestCapture.regular(10))]) { endpoints in
      let client = try await RawClient(endpoints[0].port)
      client.send("VERSION\r\n")
      _ = await client.line()
      let accepted = acceptedSockets(onPort: endpoints[0].port)
      #expect(accepted.count == 1)
      for socket in accepted {
        #expect(socketOption(Int32(IPPROTO_TCP), TCP_NODELAY, of: socket) == 1)
        #expect(socketOption(SOL_SOCKET, SO_DEBUG, of: socket) == 0)
      }
      await client.close()
    }
  }

  @Test("a client that goes away in the middle of a reading leaves nothing open")
  func goesAway() async throws {
    let (notices, continuation) = AsyncStream.makeStream(of: ReplayNotice.self)
    let capture = try TestCapture.counting(TestCapture.regular(10))
    try await withServer([capture], observer: { continuation.yield($0) }) { endpoints in
      let client = try await RawClient(endpoints[0].port)
      client.send("TIMEOUT 0\r\nOPEN iio:device0 1000 0000007f\r\nREADBUF iio:device0 24000\r\n")
      #expect(await client.text(4) == "0\n0\n")
      await client.close()
      var seen: [ReplayNotice] = []
      for await notice in notices {
        seen.append(notice)
        if seen.count == 3 { break }
      }
      #expect(
        seen == [
          .opened(capture: 0, device: "mpu6050"), .began(captures: [0]),
          .closed(capture: 0, device: "mpu6050"),
        ])
    }
  }

  @Test("more connections than allowed are closed on arrival, and room that is made is used")
  func tooMany() async throws {
    var limits = ReplayLimits()
    limits.connections = 2
    try await withServer([try TestCapture.counting(TestCapture.regular(10))], limits: limits) { endpoints in
      let first = try await RawClient(endpoints[0].port)
      let second = try await RawClient(endpoints[0].port)
      for client in [first, second] {
        client.send("VERSION\r\n")
        #expect(await client.text(13) == "0.24.tacc   \n")
      }
      let third = try await RawClient(endpoints[0].port)
      #expect(await third.toEnd() == 0)
      first.send("EXIT\r\n")
      #expect(await first.toEnd() == 0)
      let fourth = try await RawClient(endpoints[0].port)
      fourth.send("VERSION\r\n")
      #expect(await fourth.text(13) == "0.24.tacc   \n")
      await second.close()
      await fourth.close()
    }
  }

  @Test("answers for a client that does not read are made only as it reads them")
  func slowReader() async throws {
    var limits = ReplayLimits()
    limits.outputBytes = 16 << 10
    let capture = try TestCapture.counting(TestCapture.regular(10))
    let xml = ReplayModel(capture, rate: 1).xml.count
    try await withServer([capture], limits: limits) { endpoints in
      let client = try await RawClient(endpoints[0].port, reads: false)
      // Far more than sockets hold: every answer is kilobytes.
      let count = 4_000
      client.send(String(repeating: "PRINT\r\n", count: count))
      // Others are served meanwhile.
      let other = try await RawClient(endpoints[0].port)
      for _ in 0..<50 {
        other.send("VERSION\r\n")
        #expect(await other.text(13) == "0.24.tacc   \n")
      }
      try await client.read(true)
      let answer = "\(xml)\n".utf8.count + xml + 1
      #expect(await client.take(count * answer).count == count * answer)
      await client.close()
      await other.close()
    }
  }

  @Test("a command that does not come whole in time closes the connection")
  func half() async throws {
    var limits = ReplayLimits()
    limits.stallSeconds = 0.5
    try await withServer([try TestCapture.counting(TestCapture.regular(10))], limits: limits) { endpoints in
      let idle = try await RawClient(endpoints[0].port)
      idle.send("VERSION\r\n")
      #expect(await idle.text(13) == "0.24.tacc   \n")
      let client = try await RawClient(endpoints[0].port)
      client.send("WRITE iio:device0 sampling_frequency 4\r\n20")
      #expect(await client.toEnd() == 0)
      // One that owes nothing may be silent.
      idle.send("VERSION\r\n")
      #expect(await idle.text(13) == "0.24.tacc   \n")
      await idle.close()
    }
  }

  @Test("shutting down closes every connection")
  func shutdown() async throws {
    let server = IIODReplayServer(captures: [try TestCapture.counting(TestCapture.regular(10))], port: 0)
    let port = try await server.start()[0].port
    let client = try await RawClient(port)
    client.send("TIMEOUT 0\r\nOPEN iio:device0 100 0000007f\r\nREADBUF iio:device0 2400\r\n")
    #expect(await client.text(4) == "0\n0\n")
    await server.shutdown()
    #expect(await client.toEnd() == 0)
    await server.waitUntilClosed()
    await #expect(throws: IIODReplayError.alreadyStarted) { try await server.start() }
  }

  @Test("what cannot be served is said, with what to do")
  func refused() async throws {
    let capture = try TestCapture.counting(TestCapture.regular(10))
    try await withServer([capture]) { endpoints in
      let second = IIODReplayServer(captures: [capture], port: endpoints[0].port)
      await #expect(throws: IIODReplayError.addressInUse(host: "127.0.0.1", port: endpoints[0].port)) {
        try await second.start()
      }
    }
    func error(_ server: IIODReplayServer) async -> IIODReplayError? {
      do {
        _ = try await server.start()
        return nil
      } catch {
        return error
      }
    }
    var options = ReplayOptions()
    options.rate = 0
    #expect(await error(IIODReplayServer(captures: []))?.isUserError == true)
    #expect(await error(IIODReplayServer(captures: [capture, capture], port: 65_535))?.isUserError == true)
    #expect(await error(IIODReplayServer(captures: [capture], options: options))?.isUserError == true)
    options.rate = 1
    options.restSeconds = -1
    #expect(await error(IIODReplayServer(captures: [capture], options: options))?.isUserError == true)
    #expect(await error(IIODReplayServer(captures: [capture], host: "no.such.host.invalid"))?.isUserError == false)
  }
}
