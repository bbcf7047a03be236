import Testing

@testable import RelayLink

@Suite("Small parts of the relay link") struct SmallPartsTests {
  @Test(
    "What libcurl says of a proxy that it cannot use is told without user name and password",
    arguments: [
      (
        "Unsupported proxy syntax in 'http://me:secret@host:99999': no port",
        "Unsupported proxy syntax in 'http://…@host:99999': no port"
      ),
      ("Unsupported proxy scheme for 'foo://me:sec@ret@host:8'", "Unsupported proxy scheme for 'foo://…@host:8'"),
      ("Unsupported proxy syntax in 'me:secret@host:x'", "Unsupported proxy syntax in '…@host:x'"),
      ("me:secret@host", "…@host"),
      ("Could not resolve proxy: host", "Could not resolve proxy: host"),
    ])
  func credentials(said: String, told: String) { #expect(withoutCredentials(said) == told) }

  @Test("A silent relay is pinged twice, then given up")
  func keepaliveSilence() {
    let start = ContinuousClock.now
    var keepalive = Keepalive(interval: .seconds(20), now: start)
    #expect(keepalive.tick(at: start + .seconds(19)) == nil)
    #expect(keepalive.tick(at: start + .seconds(20)) == .ping)
    #expect(keepalive.tick(at: start + .seconds(21)) == nil)
    #expect(keepalive.tick(at: start + .seconds(40)) == .ping)
    #expect(keepalive.tick(at: start + .seconds(60)) == .giveUp)
  }

  @Test("Any sign of life starts the count again, and traffic makes pings unnecessary")
  func keepaliveTraffic() {
    let start = ContinuousClock.now
    var keepalive = Keepalive(interval: .seconds(20), now: start)
    #expect(keepalive.tick(at: start + .seconds(20)) == .ping)
    #expect(keepalive.tick(at: start + .seconds(40)) == .ping)
    keepalive.heard(at: start + .seconds(41))
    #expect(keepalive.tick(at: start + .seconds(60)) == nil)
    #expect(keepalive.tick(at: start + .seconds(61)) == .ping)
  }

  @Test("After a suspension the relay still gets its two chances")
  func keepaliveSuspension() {
    let start = ContinuousClock.now
    var keepalive = Keepalive(interval: .seconds(20), now: start)
    #expect(keepalive.tick(at: start + .seconds(5000)) == .ping)
    #expect(keepalive.tick(at: start + .seconds(5001)) == nil)
  }

  @Test("Text from the network is bounded and holds nothing that moves a cursor or hides")
  func display() {
    #expect(displayable("plain é 字") == "plain é 字")
    #expect(displayable("a\u{0}b\u{1B}c\u{7F}d\u{85}e\u{202E}f\u{2028}g\u{200B}h\r\n") == "a?b?c?d?e?f?g?h??")
    #expect(displayable(String(repeating: "x", count: 500), limit: 10) == "xxxxxxxxxx…")
    #expect(displayable(utf8: [0x61, 0xFF, 0x62]) == "a\u{FFFD}b")
    #expect(displayable("e" + String(repeating: "\u{301}", count: 5000)).unicodeScalars.count == 201)
  }

  @Test("Nesting is counted outside strings")
  func nesting() {
    #expect(jsonNesting(#"7"#.utf8) == 0)
    #expect(jsonNesting(#"{"a":[{"b":1}],"c":[]}"#.utf8) == 3)
    #expect(jsonNesting(#"["[[[\"[[[","{"]"#.utf8) == 1)
    #expect(jsonNesting("]]]][[".utf8) == 0)
    #expect(jsonNesting(String(repeating: "[", count: 100_000).utf8) == 100_000)
  }

  @Test("A libcurl that is too old or lacks a scheme is named, with the remedy")
  func libcurl() throws {
    let debian12 = LibcurlRequirements(
      versionNumber: 0x07_58_01, versionText: "7.88.1", missingSchemes: ["ws", "wss"])
    #expect(throws: RelayLinkError.unsuitableLibcurl(version: "7.88.1", problem: "it is too old")) {
      try debian12.check()
    }
    let withoutTLS = LibcurlRequirements(versionNumber: 0x08_0B_00, versionText: "8.11.0", missingSchemes: ["wss"])
    #expect(throws: RelayLinkError.unsuitableLibcurl(version: "8.11.0", problem: "it was built without wss")) {
      try withoutTLS.check()
    }
    #expect(
      RelayLinkError.unsuitableLibcurl(version: "7", problem: "x").description.contains("libcurl4/bookworm-backports"))
    #expect(!withoutTLS.leavesPingsToUs)
    #expect(LibcurlRequirements(versionNumber: 0x08_0E_00, versionText: "8.14.0", missingSchemes: []).leavesPingsToUs)
    try LibcurlRequirements.current.check()
  }

  @Test("The outbound queue is bounded and gives room back")
  func mailbox() throws {
    let mailbox = try LinkMailbox()
    let message = [UInt8](repeating: 0, count: 65_536)
    for _ in 0..<4 { try mailbox.post([message]) }
    #expect(throws: RelayLinkError.outboundQueueFull(queued: 262_144)) { try mailbox.post([[1]]) }
    #expect(mailbox.takeMessage() == message)
    #expect(throws: RelayLinkError.outboundQueueFull(queued: 262_144)) { try mailbox.post([[1]]) }
    mailbox.release(message.count)
    try mailbox.post([[1]])
    mailbox.ask(.close)
    #expect(throws: RelayLinkError.closed) { try mailbox.post([[1]]) }
    mailbox.end()
  }

  @Test("A wish only rises, and waking a mailbox that has ended does no harm")
  func wishes() throws {
    let mailbox = try LinkMailbox()
    mailbox.ask(.abandon)
    mailbox.ask(.close)
    #expect(mailbox.wish == .abandon && mailbox.isAbandoned)
    mailbox.end()
    mailbox.ask(.abandon)
    #expect(mailbox.waker.fileDescriptor == -1)
  }

  @Test("Events come out in order, within bounds of count and bytes, and the last always fits")
  func eventQueue() async {
    let queue = EventQueue()
    for index in 0..<EventQueue.maximumCount { #expect(queue.push([.relayError("\(index)")])) }
    #expect(!queue.push([.peerJoined]))
    queue.finish(with: .consumerTooSlow)
    queue.finish(with: .byUs)
    for index in 0..<EventQueue.maximumCount { #expect(await queue.next() == .relayError("\(index)")) }
    #expect(await queue.next() == .closed(.consumerTooSlow))
    #expect(await queue.next() == nil)

    let heavy = EventQueue()
    let packet = RelayEvent.packet([UInt8](repeating: 0, count: 16_384))
    for _ in 0..<64 { #expect(heavy.push([packet])) }
    #expect(!heavy.push([packet]))
    #expect(await heavy.next() == packet)
    #expect(heavy.push([packet]))
    #expect(await heavy.all().count == 64)
    for _ in 0..<64 { #expect(heavy.push([packet])) }
    #expect(!heavy.push([packet]))
    heavy.finish(with: .byUs)
    let rest = await heavy.all()
    #expect(rest.count == 65 && rest.first == packet && rest.last == .closed(.byUs))
    #expect(await heavy.all().isEmpty)
  }

  @Test("A waiting consumer is woken by an event, by the end and by cancellation")
  func eventWaiting() async {
    let queue = EventQueue()
    async let first = queue.next()
    #expect(queue.push([.peerJoined]))
    #expect(await first == .peerJoined)
    let waiting = Task { await queue.next() }
    waiting.cancel()
    #expect(await waiting.value == nil)
    let waitingForAll = Task { await queue.all() }
    waitingForAll.cancel()
    #expect(await waitingForAll.value.isEmpty)
    async let some = queue.all()
    #expect(queue.push([.peerLeft]))
    #expect(await some == [.peerLeft])
    async let last = queue.next()
    queue.finish(with: .byUs)
    #expect(await last == .closed(.byUs))
  }

  @Test("The queue keeps its order through growth and compaction")
  func fifo() {
    let seed = UInt64.random(in: .min ... .max)
    var generator = SeededGenerator(seed: seed)
    var queue = FIFO<Int>()
    var model: [Int] = []
    for value in 0..<20_000 {
      if Int.random(in: 0..<100, using: &generator) < 52 {
        queue.append(value)
        model.append(value)
      } else {
        #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()), "seed \(seed)")
      }
      #expect(queue.count == model.count, "seed \(seed)")
    }
    #expect(queue.takeAll() == model && queue.isEmpty, "seed \(seed)")
  }

  @Test("Durations become milliseconds without overflow")
  func milliseconds() {
    #expect(Duration.milliseconds(1500).milliseconds == 1500)
    #expect(Duration.nanoseconds(1).milliseconds == 1)
    #expect(Duration.seconds(-3).milliseconds == 0)
    #expect(Duration.milliseconds(-500).milliseconds == 0)
    #expect(Duration.seconds(Int64.max).milliseconds == 2_000_000_000)
  }

  @Test("Options that cannot work are refused before anything is sent")
  func options() {
    func problem(_ change: (inout RelayLinkOptions) -> Void) -> String {
      var options = RelayLinkOptions()
      change(&options)
      do throws(RelayLinkError) {
        try options.validate()
        return "none"
      } catch {
        return error.description
      }
    }
    #expect(problem { _ in } == "none")
    #expect(problem { $0.connectDeadline = .zero }.contains("connectDeadline"))
    #expect(problem { $0.pingInterval = .seconds(-1) }.contains("pingInterval"))
    #expect(problem { $0.closeDeadline = .seconds(Int64.max) }.contains("closeDeadline"))
    #expect(problem { $0.userAgent = "a\r\nX: y" }.contains("control characters"))
    #expect(problem { $0.caFile = "/nonexistent/ca.pem" }.contains("cannot read the CA file"))
  }

  @Test("Outgoing messages are the protocol's")
  func outgoing() {
    #expect(
      String(decoding: RelayMessage.packet([1, 2, 3]), as: UTF8.self)
        == #"{"type":"packet","proto":"TACCV2","ver":4,"payload":{"data_b64":"AQID"}}"#)
    #expect(
      RelayMessage.bye(code: "failed").map { String(decoding: $0, as: UTF8.self) }
        == #"{"type":"bye","proto":"TACCV2","ver":4,"payload":{"code":"failed"}}"#)
    for code in ["", "Failed", "a b", "a\"b", String(repeating: "x", count: 33), "é"] {
      #expect(RelayMessage.bye(code: code) == nil, "\(code)")
    }
  }
}
