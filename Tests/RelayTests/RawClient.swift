import Foundation
import NIOCore
import NIOPosix
import NIOSSL

@testable import Relay

/// A TCP client that says exactly what a test wants said, also what no honest client would: HTTP text and WebSocket
/// frames are written out by hand, and what comes back is taken apart by hand.
///
/// It stays connected until ``close()`` or until the relay is gone, whether a test still holds it or not.
final class RawClient {
  struct Frame: Equatable {
    var opcode: UInt8
    var payload: [UInt8]
    var text: String { String(decoding: payload, as: UTF8.self) }
    /// The status of a close frame.
    var closeCode: Int? { payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil }
  }

  struct Response {
    var status: Int
    var head: String
    var body: String
  }

  private final class Collector: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    let continuation: AsyncStream<[UInt8]>.Continuation

    init(_ continuation: AsyncStream<[UInt8]>.Continuation) {
      self.continuation = continuation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      continuation.yield(Array(Self.unwrapInboundIn(data).readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }

  fileprivate let channel: any Channel
  private var iterator: AsyncStream<[UInt8]>.Iterator
  private var received: [UInt8] = []

  /// - Parameters:
  ///   - address: The address of this machine to come from, such as 127.0.0.2.
  ///   - tls: Whom to trust, where the connection is to be encrypted.
  ///   - outlastsEnd: Whether it goes on sending when the relay has said its last.
  init(
    port: Int, autoRead: Bool = true, from address: String? = nil, tls: NIOSSLContext? = nil, outlastsEnd: Bool = false
  ) async throws {
    let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
    iterator = stream.makeAsyncIterator()
    var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(ChannelOptions.autoRead, value: autoRead)
      .channelOption(ChannelOptions.allowRemoteHalfClosure, value: outlastsEnd)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls {
            try channel.pipeline.syncOperations.addHandler(
              try NIOSSLClientHandler(context: tls, serverHostname: "localhost"))
          }
          try channel.pipeline.syncOperations.addHandler(Collector(continuation))
        }
      }
    if let address { bootstrap = bootstrap.bind(to: try SocketAddress(ipAddress: address, port: 0)) }
    channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
  }

  func close() async { try? await channel.close().get() }

  func setReading(_ reads: Bool) async throws {
    try await channel.setOption(ChannelOptions.autoRead, value: reads).get()
  }

  // MARK: Bytes

  func send(_ bytes: [UInt8]) {
    channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  /// Sends, and waits until the system has it.
  func handOver(_ text: String) async throws {
    try await channel.writeAndFlush(ByteBuffer(string: text)).get()
  }

  /// Waits until `count` bytes are there; `false` at the end of the stream.
  private func fill(_ count: Int) async -> Bool {
    while received.count < count {
      guard let more = await iterator.next() else { return false }
      received += more
    }
    return true
  }

  private func take(_ count: Int) -> [UInt8] {
    defer { received.removeFirst(count) }
    return Array(received[..<count])
  }

  /// Everything up to the end of the stream.
  func readToEnd() async -> String {
    while let more = await iterator.next() { received += more }
    return String(decoding: take(received.count), as: UTF8.self)
  }

  // MARK: HTTP

  /// Reads one response; `nil` at the end of the stream.
  func response() async -> Response? {
    var end = 0
    while true {
      if let found = received.indices.dropLast(3).first(where: { Array(received[$0..<$0 + 4]) == [13, 10, 13, 10] }) {
        end = found + 4
        break
      }
      guard await fill(received.count + 1) else { return nil }
    }
    let head = String(decoding: take(end), as: UTF8.self)
    var length = 0
    for line in head.lowercased().split(separator: "\r\n") where line.hasPrefix("content-length: ") {
      length = Int(line.dropFirst("content-length: ".count)) ?? 0
    }
    guard await fill(length) else { return nil }
    let status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
    return Response(status: status, head: head, body: String(decoding: take(length), as: UTF8.self))
  }

  func request(_ method: String, _ path: String, headers: String = "") async -> Response? {
    send("\(method) \(path) HTTP/1.1\r\nHost: test\r\n\(headers)\r\n")
    return await response()
  }

  /// Opens a session and returns its code.
  func newSession() async -> String {
    let body = await request("POST", "/session")?.body ?? ""
    return JSONField.text("session_code", in: body) ?? ""
  }

  static let upgrade =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

  /// A connection that was upgraded, or the refusal of it in `response`.
  static func socket(
    port: Int, _ code: String, _ role: String, tls: NIOSSLContext? = nil
  ) async throws -> (client: RawClient, response: Response?) {
    let client = try await RawClient(port: port, tls: tls)
    return (client, await client.request("GET", "/ws/\(code)/\(role)", headers: upgrade))
  }

  /// A connection that joined; its hello was read.
  static func join(
    port: Int, _ code: String, _ role: String, tls: NIOSSLContext? = nil
  ) async throws -> RawClient {
    let client = try await socket(port: port, code, role, tls: tls).client
    _ = await client.frame()
    return client
  }

  // MARK: WebSocket

  func sendFrame(
    _ payload: [UInt8], opcode: UInt8 = 1, fin: Bool = true, reserved: UInt8 = 0, mask: [UInt8]? = [1, 2, 3, 4]
  ) {
    var bytes: [UInt8] = [(fin ? 0x80 : 0) | reserved << 4 | opcode]
    let masked: UInt8 = mask == nil ? 0 : 0x80
    if payload.count < 126 {
      bytes.append(masked | UInt8(payload.count))
    } else if payload.count < 65_536 {
      bytes += [masked | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    } else {
      bytes += [masked | 127] + (0..<8).map { UInt8(payload.count >> (56 - 8 * $0) & 0xFF) }
    }
    if let mask {
      bytes += mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
    } else {
      bytes += payload
    }
    send(bytes)
  }

  func sendText(_ text: String) { sendFrame(Array(text.utf8)) }

  /// The next frame; `nil` at the end of the stream.
  func frame() async -> Frame? {
    guard await fill(2) else { return nil }
    var length = Int(received[1])
    var header = 2
    if length == 126 {
      guard await fill(4) else { return nil }
      length = Int(received[2]) << 8 | Int(received[3])
      header = 4
    } else if length == 127 {
      guard await fill(10) else { return nil }
      length = received[2..<10].reduce(0) { $0 << 8 | Int($1) }
      header = 10
    }
    guard await fill(header + length) else { return nil }
    let head = take(header)
    return Frame(opcode: head[0] & 0x0F, payload: take(length))
  }

  /// The next frame that is no ping.
  func message() async -> Frame? {
    while let frame = await frame() {
      if frame.opcode != 9 { return frame }
    }
    return nil
  }

  /// Sends a ping message and reads up to its pong: what came before it, in order. Ends waiting without a clock.
  func settle() async -> [String] {
    sendText(#"{"type":"ping"}"#)
    var before: [String] = []
    while let message = await message() {
      guard message.opcode == 1 else { continue }
      if message.text.contains(#""type":"pong""#) { return before }
      before.append(message.text)
    }
    return before + ["closed"]
  }

  /// Reads up to the close frame, and on to the end of the stream.
  func untilClosed() async -> (errors: [String], code: Int?) {
    var errors: [String] = []
    var code: Int?
    while let frame = await frame() {
      if frame.opcode == 1, frame.text.contains(#""type":"error""#) { errors.append(frame.text) }
      if frame.opcode == 8 {
        code = frame.closeCode
        sendFrame(Array(frame.payload.prefix(2)), opcode: 8)
      }
    }
    return (errors, code)
  }
}

/// Fields of flat JSON, for tests that need only one.
enum JSONField {
  static func text(_ name: String, in json: String) -> String? {
    guard let start = json.range(of: "\"\(name)\":\"")?.upperBound,
      let end = json[start...].firstIndex(of: "\"")
    else { return nil }
    return String(json[start..<end])
  }
}

extension RawClient {
  /// The certificate that the relay showed.
  func certificate() async throws -> NIOSSLCertificate? {
    // Once it has answered, hands were shaken.
    _ = await request("GET", "/healthz")
    return try await channel.nioSSL_peerCertificate().get()
  }
}
