import Testing

@testable import Relay

@Suite("Who the client is behind reverse proxies")
struct TrustedProxiesTests {
  private func client(_ peer: String, _ forwarded: [String], trusting trusted: [String]) throws -> String {
    let peer = try #require(IPAddress(peer))
    return "\(try TrustedProxies(trusted).client(of: peer, forwardedFor: forwarded))"
  }

  @Test("without trusted proxies the field means nothing")
  func untrusted() throws {
    #expect(try client("203.0.113.7", ["198.51.100.1"], trusting: []) == "203.0.113.7")
    #expect(try client("203.0.113.7", ["198.51.100.1"], trusting: ["203.0.113.8"]) == "203.0.113.7")
  }

  @Test("the last address counts, whatever the client wrote before it")
  func lastHop() throws {
    for field in ["198.51.100.1", "10.9.9.9, 198.51.100.1", "garbage,, ,198.51.100.1", "127.0.0.1,\t198.51.100.1 "] {
      #expect(try client("127.0.0.1", [field], trusting: ["127.0.0.1"]) == "198.51.100.1")
    }
    #expect(try client("127.0.0.1", ["10.9.9.9", "198.51.100.1"], trusting: ["127.0.0.1"]) == "198.51.100.1")
  }

  @Test("trusted hops are passed from the right, and no further than the first that is not")
  func chain() throws {
    let trusted = ["::1", "10.0.0.0/8"]
    #expect(try client("::1", ["192.0.2.1, 198.51.100.1, 10.1.2.3"], trusting: trusted) == "198.51.100.1")
    #expect(try client("::1", ["192.0.2.1", "198.51.100.1", "10.1.2.3"], trusting: trusted) == "198.51.100.1")
    // A client in the proxies' own network.
    #expect(try client("::1", ["10.7.7.7, 10.1.2.3"], trusting: trusted) == "10.7.7.7")
  }

  @Test("where a proxy names nobody, all who come that way are one client")
  func nobody() throws {
    let trusted = ["127.0.0.1", "10.0.0.1"]
    #expect(try client("127.0.0.1", [], trusting: trusted) == "127.0.0.1")
    #expect(try client("127.0.0.1", [""], trusting: trusted) == "127.0.0.1")
    #expect(try client("127.0.0.1", ["unknown"], trusting: trusted) == "127.0.0.1")
    #expect(try client("127.0.0.1", ["198.51.100.1, _hidden, 10.0.0.1"], trusting: trusted) == "10.0.0.1")
  }

  @Test("ports and brackets are read, IPv4 in IPv6 is IPv4")
  func forms() throws {
    let trusted = ["::ffff:127.0.0.1"]
    #expect(try client("127.0.0.1", ["198.51.100.1:4711"], trusting: trusted) == "198.51.100.1")
    #expect(try client("127.0.0.1", ["[2001:db8::1]:4711"], trusting: trusted) == "2001:db8::1")
    #expect(try client("127.0.0.1", ["[2001:db8::1]"], trusting: trusted) == "2001:db8::1")
    #expect(try client("127.0.0.1", ["2001:DB8:0::1"], trusting: trusted) == "2001:db8::1")
    #expect(try client("127.0.0.1", ["::ffff:198.51.100.1"], trusting: trusted) == "198.51.100.1")
  }

  @Test(
    "networks end where they say",
    arguments: [
      ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false), ("0.0.0.0/0", "203.0.113.1", true),
      ("0.0.0.0/0", "2001:db8::1", false), ("192.0.2.128/25", "192.0.2.127", false),
      ("192.0.2.128/25", "192.0.2.128", true), ("192.0.2.1/32", "192.0.2.1", true),
      ("192.0.2.1/32", "192.0.2.0", false),
      ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false), ("::/0", "10.0.0.1", true),
      ("2001:db8::/65", "2001:db8::7fff:0:0:1", true), ("2001:db8::/65", "2001:db8::8000:0:0:1", false),
      ("2001:db8::1/128", "2001:db8::2", false),
    ])
  func networks(network: String, address: String, isIn: Bool) throws {
    #expect(try TrustedProxies([network]).contains(try #require(IPAddress(address))) == isIn)
  }

  @Test(
    "what is neither address nor network is refused",
    arguments: [
      "", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "10.0/8", "::1/129", "unix",
      "1.2.3.4/8/8",
      "1.2.3.4\0",
    ])
  func refused(text: String) {
    #expect(throws: RelayServerError.self) { try TrustedProxies([text]) }
  }
}
