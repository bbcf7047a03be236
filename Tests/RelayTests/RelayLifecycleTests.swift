import Glibc
import Logging
import NIOConcurrencyHelpers
import SocketTestSupport
import Testing

@testable import Relay

extension OverTheNetwork {
  @Suite("Starting, stopping, logging")
  struct RelayLifecycleTests {
    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("connections get TCP_NODELAY, and no option that only root may set")
    func socketOptions() async throws {
      try await withRelay { port in
        let client = try await RawClient(port: port)
        client.send("GET / HTTP/1.1\r\nHost: relay\r\n\r\n")
        #expect(await client.response()?.status == 200)
        let accepted = acceptedSockets(onPort: port)
        #expect(accepted.count == 1)
        for socket in accepted {
          #expect(socketOption(Int32(IPPROTO_TCP), TCP_NODELAY, of: socket) == 1)
          #expect(socketOption(SOL_SOCKET, SO_DEBUG, of: socket) == 0)
        }
        await client.close()
      }
    }

    @Test("a port in use is an error that says what to do")
    func portInUse() async throws {
      try await withRelay { port in
        let second = RelayServer(configuration: RelayConfiguration(port: port), logger: Self.quiet)
        let error = await caught(as: RelayServerError.self) { _ = try await second.start() }
        #expect(error == .addressInUse(host: "127.0.0.1", port: port))
        #expect(error?.description.contains("choose another port") == true)
        await second.waitUntilClosed()
      }
    }

    @Test("a host that is not ours, or is none, is an error that says what to do")
    func badHost() async throws {
      let foreign = RelayServer(configuration: RelayConfiguration(host: "192.0.2.1", port: 0), logger: Self.quiet)
      #expect(
        await caught(as: RelayServerError.self) { _ = try await foreign.start() }
          == .addressNotAvailable(host: "192.0.2.1"))
      let nameless = RelayServer(configuration: RelayConfiguration(host: "no such host", port: 0), logger: Self.quiet)
      let error = await caught(as: RelayServerError.self) { _ = try await nameless.start() }
      #expect(error == .unknownHost("no such host"))
    }

    @Test("a bad configuration is refused before anything is opened")
    func badConfiguration() async throws {
      var zeroLimit = RelayConfiguration(port: 0)
      zeroLimit.limits.messageBytes = 0
      for configuration in [
        zeroLimit, RelayConfiguration(port: 65_536), RelayConfiguration(port: -1),
        RelayConfiguration(host: "", port: 0),
        RelayConfiguration(port: 0, eventLoopThreads: 0),
      ] {
        let server = RelayServer(configuration: configuration, logger: Self.quiet)
        let error = await caught(as: RelayServerError.self) { _ = try await server.start() }
        guard case .invalidConfiguration(let text) = error else {
          Issue.record("expected invalidConfiguration, got \(String(describing: error))")
          continue
        }
        #expect(!text.isEmpty)
      }
    }

    @Test("a relay starts once")
    func startsOnce() async throws {
      let server = RelayServer(configuration: RelayConfiguration(port: 0), logger: Self.quiet)
      await server.shutdown()
      try await server.start()
      await #expect(throws: RelayServerError.alreadyStarted) { try await server.start() }
      await server.shutdown()
      await server.shutdown()
      await #expect(throws: RelayServerError.alreadyStarted) { try await server.start() }
    }

    @Test("a graceful stop tells every client, then waitUntilClosed returns", arguments: [1, 2])
    func gracefulStop(threads: Int) async throws {
      let configuration = RelayConfiguration(port: 0, eventLoopThreads: threads)
      let server = RelayServer(configuration: configuration, logger: Self.quiet)
      let port = try await server.start().boundPort
      let http = try await RawClient(port: port)
      let code = await http.newSession()
      let alice = try await RawClient.join(port: port, code, "alice")
      let bob = try await RawClient.join(port: port, code, "bob")
      async let closed: Void = server.waitUntilClosed()
      async let stopped: Void = server.shutdown(gracefully: true)
      for client in [alice, bob] {
        let (errors, closeCode) = await client.untilClosed()
        #expect(errors.first?.contains("shutting down") == true)
        #expect(closeCode == 1001)
      }
      #expect(await http.readToEnd() == "")
      _ = await (closed, stopped)
      await #expect(throws: (any Error).self) { try await RawClient(port: port) }
    }

    @Test("logs neither payload nor code nor address, at the lowest level")
    func logs() async throws {
      let lines = NIOLockedValueBox<[String]>([])
      try await withRelay(logger: .recording(to: lines)) { port in
        let code = try await RawClient(port: port).newSession()
        let alice = try await RawClient.join(port: port, code, "alice")
        let bob = try await RawClient.join(port: port, code, "bob")
        alice.sendText(#"{"type":"packet","payload":"SECRET"}"#)
        alice.sendText(#"{"type":"SECRET"}"#)
        alice.sendText("SECRET")
        alice.sendFrame(Array("SECRET".utf8), opcode: 2)
        _ = await alice.settle()
        _ = try await RawClient.socket(port: port, code, "SECRET").client.untilClosed()
        _ = try await RawClient.socket(port: port, "SECRET22", "alice")
        for _ in 0..<2 {
          let waiting = try await RawClient(port: port)
          _ = await waiting.request("GET", "/rooms/SECRET?ticket=SECRET", headers: RawClient.upgrade)
          waiting.sendText("SECRET")
          _ = await waiting.settle()
        }
        bob.sendFrame(Array("SECRET".utf8), mask: nil)
        _ = await bob.untilClosed()
        alice.sendText(#"{"type":"bye","payload":"SECRET"}"#)
        _ = await alice.untilClosed()
        let log = lines.withLockedValue { $0 }.filter { !$0.contains("relay listens") }
        #expect(log.count >= 6)
        #expect(log.contains { $0.contains("\(code.prefix(2))…") })
        for line in log {
          #expect(!line.contains("SECRET"))
          #expect(!line.contains(code.prefix(3)))
          #expect(!line.contains("127.0.0.1"))
        }
      }
    }
  }
}

/// The error of type `type` that `body` throws; `nil` for none, or another.
func caught<E: Error>(as type: E.Type, _ body: () async throws -> Void) async -> E? {
  do {
    try await body()
    return nil
  } catch {
    return error as? E
  }
}

extension Logger {
  /// Keeps every line, of whatever level.
  static func recording(to lines: NIOLockedValueBox<[String]>) -> Logger {
    var logger = Logger(label: "test") { _ in RecordingLogHandler(lines: lines) }
    logger.logLevel = .trace
    return logger
  }
}

/// Keeps every line with its metadata.
private struct RecordingLogHandler: LogHandler {
  let lines: NIOLockedValueBox<[String]>
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .trace

  init(lines: NIOLockedValueBox<[String]>) {
    self.lines = lines
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    lines.withLockedValue { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
  }
}
