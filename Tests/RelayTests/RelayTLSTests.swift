import Foundation
import NIOConcurrencyHelpers
import NIOSSL
import Testing

@testable import Relay

/// Files of Fixtures/make.
enum TLSFixture {
  static func path(_ name: String) -> String {
    Bundle.module.resourceURL?.appendingPathComponent("Fixtures/\(name)").path ?? ""
  }

  static func files(_ name: String = "first") -> TLSFiles {
    TLSFiles(certificate: path("\(name).pem"), key: path("\(name).key"))
  }

  /// What a client needs that trusts the CA of the fixtures.
  static func client(_ change: (inout TLSConfiguration) -> Void = { _ in }) throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .file(path("ca.pem"))
    change(&configuration)
    return try NIOSSLContext(configuration: configuration)
  }
}

@Suite("Certificate and key")
struct TLSIdentityTests {
  /// What is said of two files; `nil` where they are taken.
  private func complaint(_ certificate: String, _ key: String, at now: Double = 1_900_000_000) -> String? {
    let files = TLSFiles(certificate: certificate, key: key)
    do throws(RelayServerError) {
      _ = try TLSIdentity(files, closeTime: .seconds(1), at: now)
      return nil
    } catch {
      return error.description
    }
  }

  private let certificate = TLSFixture.path("first.pem")
  private let key = TLSFixture.path("first.key")

  @Test("two that belong together are taken, for as long as they are valid and no longer")
  func valid() throws {
    let expires = Double(try TLSIdentity(TLSFixture.files(), closeTime: .seconds(1), at: 1_900_000_000).expires)
    #expect(complaint(certificate, key, at: expires - 1) == nil)
    #expect(complaint(certificate, key, at: expires)?.contains("first.pem has expired: renew it") == true)
    #expect(
      complaint(certificate, key, at: 1_000_000_000)?.contains("not valid yet: check this machine's clock") == true)
  }

  @Test("what cannot be read is named with the reason")
  func unreadable() {
    #expect(complaint("/nowhere/x.pem", key)?.contains("cannot read /nowhere/x.pem: No such file") == true)
    #expect(complaint(certificate, "/nowhere/x.key")?.contains("cannot read /nowhere/x.key: No such file") == true)
    #expect(complaint("/", key)?.contains("cannot read /: it is no regular file") == true)
    #expect(complaint(certificate, "/dev/zero")?.contains("it is no regular file") == true)
  }

  @Test("what is something else is named")
  func somethingElse() {
    #expect(complaint(key, key)?.contains("first.key holds no certificate") == true)
    #expect(complaint(certificate, certificate)?.contains("first.pem holds no private key") == true)
    #expect(complaint(certificate, "/dev/null")?.contains("it is no regular file") == true)
  }

  @Test("an encrypted key is named as that, and its passphrase is not asked for")
  func encrypted() {
    let said = complaint(certificate, TLSFixture.path("encrypted.key"))
    #expect(said?.contains("encrypted.key is encrypted") == true, "\(said ?? "taken")")
  }

  @Test("the key of another certificate is named as that")
  func mismatch() {
    let said = complaint(certificate, TLSFixture.path("second.key"))
    #expect(said?.contains("second.key is not the key of the certificate in") == true, "\(said ?? "taken")")
    // Where NIOSSL has to find out.
    let other = complaint(TLSFixture.path("second.pem"), TLSFixture.path("ed25519.key"))
    #expect(other?.contains("ed25519.key is not the key of the certificate in") == true, "\(other ?? "taken")")
  }

  @Test("whether two belong together is known before NIOSSL makes anything of them")
  func pairs() throws {
    func together(_ certificate: String, _ key: String) throws -> Bool? {
      let chain = try NIOSSLCertificate.fromPEMFile(TLSFixture.path("\(certificate).pem"))
      let key = try NIOSSLPrivateKey(file: TLSFixture.path("\(key).key"), format: .pem)
      return KeyPair.belongTogether(try #require(chain.first), key)
    }
    let names = ["first", "second", "rsa"]
    for certificate in names {
      for key in names { #expect(try together(certificate, key) == (certificate == key), "\(certificate), \(key)") }
    }
    #expect(try together("ed25519", "first") == false)
    #expect(try together("ed25519", "rsa") == false)
    // These two keys do not say what their public halves are.
    for certificate in names + ["ed25519"] {
      for key in ["ed25519", "private"] { #expect(try together(certificate, key) == nil, "\(certificate), \(key)") }
    }
    for name in ["rsa", "ed25519"] {
      #expect(complaint(TLSFixture.path("\(name).pem"), TLSFixture.path("\(name).key")) == nil)
    }
    #expect(complaint(certificate, TLSFixture.path("private.key")) == nil)
  }

  @Test("what is cut off or no DER at all has no elements")
  func truncatedDER() throws {
    let chain = try NIOSSLCertificate.fromPEMFile(certificate)
    let der = try #require(chain.first).toDERBytes()
    for count in 0..<der.count {
      var reader = DERReader(der[..<count])
      #expect(reader.element() == nil)
    }
    for length: [UInt8] in [[], [1], [0x80], [0x85, 0, 0, 0, 0, 0], [0x84, 0xFF, 0xFF, 0xFF, 0xFF]] {
      let bytes = [0x30] + length
      var reader = DERReader(bytes[...])
      #expect(reader.element() == nil)
    }
  }
}

extension OverTheNetwork {
  @Suite("TLS")
  struct RelayTLSTests {
    @Test("a session from hello to bye", arguments: [NIOSSL.TLSVersion.tlsv12, .tlsv13])
    func session(version: NIOSSL.TLSVersion) async throws {
      let tls = try TLSFixture.client {
        $0.minimumTLSVersion = version
        $0.maximumTLSVersion = version
      }
      try await withServer {
        $0.tls = TLSFixture.files()
      } _: { _, addresses in
        let port = addresses.boundPort
        let code = try await RawClient(port: port, tls: tls).newSession()
        let alice = try await RawClient.join(port: port, code, "alice", tls: tls)
        let bob = try await RawClient.join(port: port, code, "bob", tls: tls)
        _ = await alice.message()
        let large = #"{"type":"packet","a":"\#(String(repeating: "x", count: 60_000))"}"#
        for _ in 0..<20 {
          alice.sendText(large)
          #expect(await bob.message()?.text == relayed(large, from: "alice"))
        }
        bob.sendText(#"{"type":"bye"}"#)
        #expect(await alice.message()?.text == relayed(#"{"type":"bye"}"#, from: "bob"))
        for client in [alice, bob] { #expect(await client.untilClosed().code == 1000) }
      }
    }

    @Test("versions before 1.2 and plain HTTP are refused, and counted")
    func refused() async throws {
      let old = try TLSFixture.client {
        $0.minimumTLSVersion = .tlsv1
        $0.maximumTLSVersion = .tlsv11
      }
      try await withServer {
        $0.tls = TLSFixture.files()
      } _: { _, addresses in
        #expect(try await RawClient(port: addresses.boundPort, tls: old).request("GET", "/healthz") == nil)
        #expect(try await RawClient(port: addresses.boundPort).request("GET", "/healthz") == nil)
        let client = try await RawClient(port: addresses.boundPort, tls: try TLSFixture.client())
        let metrics = await client.request("GET", "/metrics")?.body ?? ""
        #expect(metrics.contains("\ntacc_relay_tls_handshake_failures_total 2\n"))
        #expect(metrics.contains("\ntacc_relay_tls_certificate_expiry_seconds 4"))
      }
    }

    @Test("a handshake that does not end is bounded as a request's head is")
    func slowHandshake() async throws {
      try await withServer {
        $0.tls = TLSFixture.files()
        $0.limits.requestTime = .milliseconds(300)
      } _: { _, addresses in
        let silent = try await RawClient(port: addresses.boundPort)
        let slow = try await RawClient(port: addresses.boundPort)
        // The header of a ClientHello that is never finished.
        slow.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC])
        #expect(await silent.readToEnd() == "")
        _ = await slow.readToEnd()
        // Shaken hands, but asked for nothing.
        #expect(try await RawClient(port: addresses.boundPort, tls: try TLSFixture.client()).readToEnd() == "")
      }
    }

    @Test("a client that does not read is closed as without TLS")
    func slowReader() async throws {
      let tls = try TLSFixture.client()
      try await withServer {
        $0.tls = TLSFixture.files()
        $0.limits.sessionBytes = 1 << 30
        $0.limits.sessionMessages = 1 << 20
      } _: { _, addresses in
        let port = addresses.boundPort
        let code = try await RawClient(port: port, tls: tls).newSession()
        let alice = try await RawClient.join(port: port, code, "alice", tls: tls)
        let bob = try await RawClient.join(port: port, code, "bob", tls: tls)
        _ = await alice.message()
        try await bob.setReading(false)
        let large = #"{"type":"packet","a":"\#(String(repeating: "x", count: 60_000))"}"#
        var said: String?
        while said == nil {
          for _ in 0..<16 { alice.sendText(large) }
          said = await alice.settle().first
        }
        #expect(said?.contains("peer_left") == true)
        let metrics = try await RawClient(port: port, tls: tls).request("GET", "/metrics")?.body ?? ""
        #expect(metrics.contains(#"tacc_relay_websockets_closed_total{code="1013",reason="limit sendQueueBytes"} 1"#))
      }
    }

    @Test("files that changed are read again: new connections get the new certificate, old ones go on")
    func reload() async throws {
      let directory = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID())")
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: directory) }
      func install(_ name: String, certificate: Bool = true) throws {
        for (kind, isWanted) in [("pem", certificate), ("key", true)] where isWanted {
          try Data(contentsOf: URL(fileURLWithPath: TLSFixture.path("\(name).\(kind)")))
            .write(to: directory.appendingPathComponent("server.\(kind)"))
        }
      }
      try install("first")
      let files = TLSFiles(
        certificate: directory.appendingPathComponent("server.pem").path,
        key: directory.appendingPathComponent("server.key").path)
      let tls = try TLSFixture.client()
      try await withServer {
        $0.tls = files
      } _: { server, addresses in
        let port = addresses.boundPort
        let first = try #require(try NIOSSLCertificate.fromPEMFile(TLSFixture.path("first.pem")).first)
        let second = try #require(try NIOSSLCertificate.fromPEMFile(TLSFixture.path("second.pem")).first)
        func shown() async throws -> NIOSSLCertificate? { try await RawClient(port: port, tls: tls).certificate() }
        let old = try await RawClient(port: port, tls: tls)
        #expect(await old.request("GET", "/healthz")?.status == 200)
        #expect(try await shown() == first)
        try install("second", certificate: false)
        let error = await caught(as: RelayServerError.self) { try server.reloadTLS() }
        #expect(error?.description.contains("is not the key of the certificate") == true)
        #expect(try await shown() == first)
        try install("second")
        try server.reloadTLS()
        #expect(try await shown() == second)
        #expect(await old.request("GET", "/healthz")?.status == 200)
        try server.reloadTLS(TLSFixture.files("first"))
        #expect(try await shown() == first)
      }
    }

    @Test("a relay whose certificate cannot be used does not start")
    func unusable() async throws {
      var configuration = RelayConfiguration(port: 0)
      configuration.tls = TLSFiles(certificate: "/nowhere", key: "/nowhere")
      let server = RelayServer(configuration: configuration, logger: RelayLifecycleTests.quiet)
      let error = await caught(as: RelayServerError.self) { try await server.start() }
      guard case .unusableTLS = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }
}
