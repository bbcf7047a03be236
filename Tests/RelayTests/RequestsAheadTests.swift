import NIOCore
import NIOEmbedded
import Testing

@testable import Relay

/// Requests that a client sends without waiting for the answers.
@Suite("Requests sent ahead")
struct RequestsAheadTests {
  /// The answers to as many requests as each read of the socket finds, read by read, and whether the connection goes on.
  private func answers(toReads counts: [Int], body: String = "") throws -> (answers: [String], goesOn: Bool) {
    let bench = WaitingFramesTests.Bench()
    let channel = EmbeddedChannel(loop: bench.eventLoop)
    try RelayServer.prepare(channel, services: bench.services)
    try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
    let request = "GET /healthz HTTP/1.1\r\nHost: relay\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    var answers: [String] = []
    for count in counts {
      try channel.writeInbound(ByteBuffer(string: String(repeating: request, count: count)))
      let text = try bench.pieces(of: channel).map { String(decoding: $0, as: UTF8.self) }.joined()
      answers += text.components(separatedBy: "HTTP/1.1 ").dropFirst()
    }
    try channel.writeInbound(ByteBuffer(string: request))
    let goesOn = try !bench.pieces(of: channel).isEmpty
    channel.close(promise: nil)
    try bench.eventLoop.syncShutdownGracefully()
    return (answers, goesOn)
  }

  private let bound = HTTPHandler.answersPerRead

  @Test("are answered, up to a bound", arguments: ["", "body"])
  func few(body: String) throws {
    let (answers, goesOn) = try answers(toReads: [bound - 1, 1, 2, bound - 1], body: body)
    #expect(answers.count == 2 * bound + 1)
    #expect(answers.allSatisfy { $0.hasPrefix("200 OK") && !$0.contains("connection: close") })
    #expect(goesOn)
  }

  @Test("beyond it the connection ends, so that they keep no other waiting", arguments: ["", "body"])
  func many(body: String) throws {
    for count in [bound, bound + 1, 40 * bound] {
      let (answers, goesOn) = try answers(toReads: [1, count, 1], body: body)
      #expect(answers.count == 1 + bound)
      #expect(answers.dropLast().allSatisfy { $0.hasPrefix("200 OK") && !$0.contains("connection: close") })
      #expect(answers.last?.hasPrefix("200 OK") == true)
      #expect(answers.last?.contains("connection: close") == true)
      #expect(!goesOn)
    }
  }
}
