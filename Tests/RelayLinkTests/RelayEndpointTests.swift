import Testing

@testable import RelayLink

@Suite("Relay addresses") struct RelayEndpointTests {
  @Test(
    "Both forms are derived from any of the four schemes",
    arguments: [
      ("http://relay.example", "http://relay.example", "ws://relay.example"),
      ("https://relay.example/", "https://relay.example", "wss://relay.example"),
      ("ws://10.0.0.5:8000", "http://10.0.0.5:8000", "ws://10.0.0.5:8000"),
      ("WSS://Relay.Example:443/tacc//", "https://relay.example/tacc", "wss://relay.example/tacc"),
      ("http://relay.example:443", "http://relay.example:443", "ws://relay.example:443"),
      ("https://[FD00::5]:8443/a/b_c~1", "https://[fd00::5]:8443/a/b_c~1", "wss://[fd00::5]:8443/a/b_c~1"),
      ("ws://localhost:65535/x", "http://localhost:65535/x", "ws://localhost:65535/x"),
      ("http://a.b.", "http://a.b.", "ws://a.b."),
      ("http://under_score.example:00080", "http://under_score.example", "ws://under_score.example"),
    ])
  func accepted(text: String, http: String, webSocket: String) throws {
    let endpoint = try RelayEndpoint(text)
    #expect(endpoint.httpBase == http)
    #expect(endpoint.webSocketBase == webSocket)
  }

  @Test(
    "What a relay address cannot be is refused with the reason",
    arguments: [
      ("", "does not start"),
      ("relay.example", "does not start"),
      ("://relay.example", "scheme"),
      ("ftp://relay.example", "scheme"),
      ("file:///etc/passwd", "scheme"),
      ("https:/relay.example", "does not start"),
      ("https://", "no host"),
      ("https:///path", "no host"),
      ("https://:80", "no host"),
      ("https://user@relay.example", "user name"),
      ("https://user:secret@relay.example", "user name"),
      ("https://good.example@evil.example", "user name"),
      ("https://relay.example?x=1", "query"),
      ("https://relay.example/#x", "query"),
      ("https://relay.example\\@evil.example", "backslash"),
      ("https://relay%2eexample", "not a name"),
      ("https://.relay", "not a name"),
      ("https://a..b", "not a name"),
      ("https://relay.example:0", "port"),
      ("https://relay.example:65536", "port"),
      ("https://relay.example:", "port"),
      ("https://relay.example:+80", "port"),
      ("https://relay.example:99999999999999999999", "port"),
      ("https://fd00::5", "port"),
      ("https://[fd00::5", "not closed"),
      ("https://[]", "IPv6"),
      ("https://[1.2.3.4]", "IPv6"),
      ("https://[fe80::1%25eth0]", "IPv6"),
      ("https://[fd00::5]x", "other than a port"),
      ("https://relay.example/a//b", "segment"),
      ("https://relay.example/../b", "segment"),
      ("https://relay.example/./b", "segment"),
      ("https://relay.example/%2e%2e", "segment"),
      ("https://relay.example /", "space"),
      ("https://relay.example\r\nHost: evil", "space"),
      ("https://bücher.example", "xn--"),
      ("https://relay.example/" + String(repeating: "a", count: 1100), "longer"),
    ])
  func refused(text: String, reason: String) {
    do throws(RelayLinkError) {
      _ = try RelayEndpoint(text)
      Issue.record("\(text) was accepted")
    } catch {
      #expect(error.description.contains(reason), "\(error)")
    }
  }

  @Test("The same relay compares equal however it is written")
  func equality() throws {
    #expect(try RelayEndpoint("HTTPS://Relay.example:443/") == RelayEndpoint("wss://relay.example"))
    #expect(try RelayEndpoint("http://relay.example") != RelayEndpoint("https://relay.example"))
  }

  @Test("Random text is accepted or refused, never worse, and what is accepted reads back")
  func random() throws {
    let seed = UInt64.random(in: .min ... .max)
    var generator = SeededGenerator(seed: seed)
    let pieces = ["http", "ws", "s", "://", ":", "/", "@", "[", "]", "a", ".", "80", "::1", "?", "%", "\u{0}", "é"]
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 0...8, using: &generator))
        .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
      guard let endpoint = try? RelayEndpoint(text) else { continue }
      #expect(try RelayEndpoint(endpoint.httpBase) == endpoint, "seed \(seed), text \(text.debugDescription)")
      #expect(try RelayEndpoint(endpoint.webSocketBase) == endpoint, "seed \(seed), text \(text.debugDescription)")
    }
  }
}
