import Foundation
import Glibc
import NIOConcurrencyHelpers
import Testing

@testable import Relay

extension OverTheNetwork {
  @Suite("Metrics, proxies, drain")
  struct RelayOperationTests {
    /// The value of a metric; `nil` where it is not shown.
    private func value(_ sample: String, in metrics: String) -> Double? {
      metrics.split(separator: "\n").first { $0.hasPrefix("\(sample) ") }.flatMap {
        Double($0.dropFirst(sample.count + 1))
      }
    }

    @Test("metrics say what happened, and to nobody whom", arguments: [1, 2])
    func metrics(threads: Int) async throws {
      try await withServer {
        $0.eventLoopThreads = threads
        $0.version = "1.2.3"
        $0.limits.keptMessages = 1
      } _: { _, addresses in
        let port = addresses.boundPort
        let http = try await RawClient(port: port)
        let code = await http.newSession()
        let alice = try await RawClient.join(port: port, code, "alice")
        for _ in 0..<3 { alice.sendText(#"{"type":"packet"}"#) }
        alice.sendText("no JSON")
        #expect(await alice.settle().count == 3)
        let bob = try await RawClient.join(port: port, code, "bob")
        #expect(await bob.settle().count == 1)
        for _ in 0..<5 { bob.sendText(#"{"type":"packet"}"#) }
        _ = await bob.settle()
        for _ in 0..<6 { _ = await alice.message() }
        let waiting = try await RawClient(port: port)
        #expect(await waiting.request("GET", "/rooms/lab", headers: RawClient.upgrade)?.status == 101)
        // It is in the room when it is told so; the answer to the upgrade comes before.
        #expect(await waiting.message()?.text.contains("waiting") == true)
        let response = try #require(await http.request("GET", "/metrics"))
        #expect(response.head.lowercased().contains("content-type: text/plain; version=0.0.4"))
        #expect(!response.body.contains(code))
        let expected: [(String, Double)] = [
          (#"tacc_relay_build_info{version="1.2.3"}"#, 1), ("tacc_relay_draining", 0),
          ("tacc_relay_connections_open", 4), ("tacc_relay_connections_total", 4),
          (#"tacc_relay_websockets_open{in="session"}"#, 2), (#"tacc_relay_websockets_open{in="room"}"#, 1),
          ("tacc_relay_sessions_open", 1), ("tacc_relay_sessions_total", 1), ("tacc_relay_rooms_open", 1),
          ("tacc_relay_waiting", 1), ("tacc_relay_matches_total", 0), ("tacc_relay_messages_total", 12),
          ("tacc_relay_message_bytes_total", Double(8 * 17 + 7 + 3 * 15)),
          (#"tacc_relay_messages_dropped_total{reason="keptMessages"}"#, 2),
          (#"tacc_relay_messages_dropped_total{reason="unreadable"}"#, 1),
          (#"tacc_relay_messages_dropped_total{reason="undelivered"}"#, 0),
          ("tacc_relay_forwarding_seconds_count", 5), (#"tacc_relay_forwarding_seconds_bucket{le="+Inf"}"#, 5),
        ]
        for (sample, number) in expected { #expect(value(sample, in: response.body) == number, "\(sample)") }
        let partner = try await RawClient(port: port)
        #expect(await partner.request("GET", "/rooms/lab", headers: RawClient.upgrade)?.status == 101)
        while let message = await partner.message(), !message.text.contains("matched") {}
        let later = await http.request("GET", "/metrics")?.body ?? ""
        #expect(value("tacc_relay_matches_total", in: later) == 1)
        #expect(value("tacc_relay_sessions_open", in: later) == 2)
        #expect(value("tacc_relay_waiting", in: later) == 0)
      }
    }

    @Test("metrics with an address of their own are there and nowhere else, and nothing else is there")
    func metricsApart() async throws {
      try await withServer {
        $0.metrics = .host("127.0.0.1", port: 0)
        $0.limits.openConnections = 1
        $0.tls = TLSFixture.files()
      } _: { _, addresses in
        let apart = try await RawClient(port: try #require(addresses.metricsPort))
        let relay = try await RawClient(port: addresses.boundPort, tls: try TLSFixture.client())
        #expect(await relay.request("GET", "/metrics")?.status == 404)
        #expect(await relay.request("GET", "/healthz")?.status == 200)
        // A relay that is full still shows it.
        #expect(await apart.request("GET", "/metrics")?.body.contains("tacc_relay_connections_open 1") == true)
        #expect(await apart.request("GET", "/healthz")?.status == 200)
        for path in ["/", "/session/AAAAAAAA", "/rooms/lab", "/ws/AAAAAAAA/alice"] {
          let client = try await RawClient(port: try #require(addresses.metricsPort))
          #expect(await client.request("GET", path, headers: RawClient.upgrade)?.status == 404, "\(path)")
        }
        #expect(await apart.request("POST", "/session")?.status == 404)
      }
    }

    @Test("connections to the metrics' address are bounded too")
    func metricsConnections() async throws {
      try await withServer {
        $0.metrics = .host("127.0.0.1", port: 0)
      } _: { _, addresses in
        let port = try #require(addresses.metricsPort)
        var clients: [RawClient] = []
        for _ in 0..<16 { clients.append(try await RawClient(port: port)) }
        for client in clients { #expect(await client.request("GET", "/healthz")?.status == 200) }
        #expect(try await RawClient(port: port).request("GET", "/healthz") == nil)
      }
    }

    @Test("/ says which version this is")
    func page() async throws {
      try await withServer {
        $0.version = "1.2.3"
      } _: { _, addresses in
        let response = try await RawClient(port: addresses.boundPort).request("GET", "/")
        #expect(response?.body.contains("TACC 1.2.3") == true)
      }
    }

    // MARK: Proxies

    @Test("behind a trusted proxy each client has its own limits, and nobody can name another address")
    func forwarded() async throws {
      try await withServer {
        $0.trustedProxies = try TrustedProxies(["127.0.0.1"])
        $0.limits.sessionsPerAddressHour = 1
        $0.limits.connectionsPerAddress = 1
      } _: { _, addresses in
        let port = addresses.boundPort
        func open(_ forwarded: String, over client: RawClient) async -> Int? {
          await client.request("POST", "/session", headers: "X-Forwarded-For: \(forwarded)\r\n")?.status
        }
        let proxy = try await RawClient(port: port)
        #expect(await open("192.0.2.1", over: proxy) == 200)
        #expect(await open("192.0.2.1", over: proxy) == 429)
        #expect(await open("192.0.2.9, 192.0.2.1", over: proxy) == 429)
        #expect(await open("192.0.2.2", over: proxy) == 200)
        let stranger = try await RawClient(port: port, from: "127.0.0.2")
        #expect(await open("192.0.2.3", over: stranger) == 200)
        #expect(await open("192.0.2.4", over: stranger) == 429)

        func enter(_ forwarded: String) async throws -> (RawClient, Int?) {
          let client = try await RawClient(port: port)
          let headers = RawClient.upgrade + "X-Forwarded-For: \(forwarded)\r\n"
          return (client, await client.request("GET", "/rooms/lab", headers: headers)?.status)
        }
        let (first, status) = try await enter("192.0.2.1")
        #expect(status == 101)
        #expect(try await enter("192.0.2.1").1 == 429)
        #expect(try await enter("192.0.2.2").1 == 101)
        await first.close()
        var again: Int?
        while again != 101 { again = try await enter("192.0.2.1").1 }
      }
    }

    @Test("the log names addresses only where it may, and then the client's")
    func loggedAddresses() async throws {
      for names in [false, true] {
        let lines = NIOLockedValueBox<[String]>([])
        try await withServer(logger: .recording(to: lines)) {
          $0.trustedProxies = try TrustedProxies(["127.0.0.1"])
          $0.logsAddresses = names
          $0.limits.sessionsPerAddressHour = 1
        } _: { _, addresses in
          let client = try await RawClient(port: addresses.boundPort)
          for _ in 0..<2 { _ = await client.request("POST", "/session", headers: "X-Forwarded-For: 192.0.2.7\r\n") }
        }
        #expect(lines.withLockedValue { $0 }.contains { $0.contains("192.0.2.7") } == names)
      }
    }

    // MARK: Sockets that are handed over

    @Test("sockets that listen already are used as they are")
    func inherited() async throws {
      let (relay, relayPort) = try listeningSocket()
      let (second, secondPort) = try listeningSocket()
      let (metrics, metricsPort) = try listeningSocket()
      try await withServer {
        $0.inheritedSockets = [relay, second]
        $0.metrics = .inherited(metrics)
      } _: { _, addresses in
        #expect(addresses.boundPort == relayPort)
        #expect(addresses.metricsPort == metricsPort)
        for port in [relayPort, secondPort] {
          let health = try await RawClient(port: port).request("GET", "/healthz")
          #expect(health?.status == 200)
          let metrics = try await RawClient(port: port).request("GET", "/metrics")
          #expect(metrics?.status == 404)
        }
        let apart = try await RawClient(port: metricsPort).request("GET", "/metrics")
        #expect(apart?.status == 200)
      }
    }

    @Test("of Unix sockets that listen already, the paths are told")
    func inheritedPath() async throws {
      let directory = FileManager.default.temporaryDirectory.appendingPathComponent("relay-\(UUID())")
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: directory) }
      let (relay, metrics) = (directory.path + "/relay.sock", directory.path + "/metrics.sock")
      let lines = NIOLockedValueBox<[String]>([])
      try await withServer(logger: .recording(to: lines)) {
        $0.inheritedSockets = [try listeningSocket(at: relay)]
        $0.metrics = .inherited(try listeningSocket(at: metrics))
      } _: { _, addresses in
        #expect(addresses.boundPath == relay && addresses.clients == relay)
        #expect(addresses.metricsPath == metrics && addresses.metrics == metrics)
      }
      #expect(lines.withLockedValue { $0 }.contains { $0.contains("relay listens") && $0.contains(relay) })
      try await withServer { _ in
      } _: { _, addresses in
        #expect(addresses.boundPath == nil && addresses.clients == "127.0.0.1 port \(addresses.boundPort)")
        #expect(addresses.metrics == nil)
      }
    }

    @Test("a descriptor that is no such socket is an error that says so")
    func notInherited() async throws {
      var configuration = RelayConfiguration(port: 0)
      configuration.inheritedSockets = [open("/dev/null", O_RDONLY)]
      let server = RelayServer(configuration: configuration, logger: RelayLifecycleTests.quiet)
      let error = await caught(as: RelayServerError.self) { try await server.start() }
      #expect(error?.description.contains("is no TCP socket that listens") == true, "\(String(describing: error))")
    }

    /// A Unix socket that listens at `path`.
    private func listeningSocket(at path: String) throws -> Int32 {
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      try #require(path.utf8.count < MemoryLayout.size(ofValue: address.sun_path))
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
      let status = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) | listen(descriptor, 16)
        }
      }
      #expect(status == 0)
      return descriptor
    }

    /// A socket that listens on a free port of 127.0.0.1.
    private func listeningSocket() throws -> (descriptor: Int32, port: Int) {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let status = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, length) | listen(descriptor, 16) | getsockname(descriptor, $0, &length)
        }
      }
      #expect(status == 0)
      return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    // MARK: Drain

    @Test("a relay told to stop takes nobody, lets sessions end, and then is gone", arguments: [1, 2])
    func drain(threads: Int) async throws {
      try await withServer {
        $0.eventLoopThreads = threads
        $0.metrics = .host("127.0.0.1", port: 0)
        $0.limits.drainTime = .seconds(300)
      } _: { server, addresses in
        let port = addresses.boundPort
        let http = try await RawClient(port: port)
        let code = await http.newSession()
        let alice = try await RawClient.join(port: port, code, "alice")
        let bob = try await RawClient.join(port: port, code, "bob")
        let waiting = try await RawClient(port: port)
        _ = await waiting.request("GET", "/rooms/lab", headers: RawClient.upgrade)
        _ = await waiting.message()
        let operation = try await RawClient(port: try #require(addresses.metricsPort))
        #expect(await operation.request("GET", "/healthz")?.status == 200)
        let kept = try await RawClient(port: port)
        let (late, later) = (try await RawClient(port: port), try await RawClient(port: port))
        for client in [kept, late, later] { #expect(await client.request("GET", "/healthz")?.status == 200) }
        async let drained: Void = server.drain()
        #expect(await waiting.untilClosed().code == 1001)
        await #expect(throws: (any Error).self) { try await RawClient(port: port) }
        #expect(await operation.request("GET", "/healthz")?.status == 503)
        #expect(await kept.request("GET", "/healthz")?.status == 503)
        #expect(await http.request("POST", "/session")?.status == 503)
        #expect(await late.request("GET", "/ws/\(code)/alice", headers: RawClient.upgrade)?.status == 503)
        #expect(await later.request("GET", "/rooms/lab", headers: RawClient.upgrade)?.status == 503)
        let again = try await RawClient(port: try #require(addresses.metricsPort))
        #expect(await again.request("GET", "/metrics")?.body.contains("\ntacc_relay_draining 1\n") == true)
        // The session goes on as if nothing were.
        _ = await alice.message()
        alice.sendText(#"{"type":"packet"}"#)
        #expect(await bob.message()?.text == relayed(#"{"type":"packet"}"#, from: "alice"))
        bob.sendText(#"{"type":"bye"}"#)
        #expect(await bob.untilClosed().code == 1000)
        #expect(await alice.untilClosed().code == 1000)
        await drained
        await server.waitUntilClosed()
      }
    }

    @Test("sessions that do not end in drainTime are closed with 1001, and sooner where told so")
    func drainTime() async throws {
      for time in [Duration.milliseconds(200), .seconds(300)] {
        try await withServer {
          $0.limits.drainTime = time
        } _: { server, addresses in
          let code = try await RawClient(port: addresses.boundPort).newSession()
          let alice = try await RawClient.join(port: addresses.boundPort, code, "alice")
          async let drained: Void = server.drain()
          if time > .seconds(1) {
            await #expect(throws: (any Error).self) {
              while true { _ = try await RawClient(port: addresses.boundPort) }
            }
            await server.shutdown(gracefully: true)
          }
          let (errors, code1001) = await alice.untilClosed()
          #expect(errors.first?.contains("shutting down") == true)
          #expect(code1001 == 1001)
          await drained
        }
      }
    }

    @Test("a relay that nobody uses is gone at once, and stays gone")
    func drainIdle() async throws {
      let server = RelayServer(configuration: RelayConfiguration(port: 0), logger: RelayLifecycleTests.quiet)
      await server.drain()
      try await server.start()
      await server.checkLoops()
      await server.drain()
      await server.waitUntilClosed()
      await server.drain()
      await server.checkLoops()
    }
  }
}
