import Platform
import Foundation
import Testing

@testable import RelayLink

/// Everything that opens sockets runs one test after the other, so that descriptors and threads can be counted.
@Suite("The relay link over sockets", .serialized, .timeLimit(.minutes(2))) enum LinkSuite {}

/// How libcurl is used: as it is, or as its versions before 8.14 must be, which answer pings by themselves.
enum PingPolicy: CaseIterable {
  case ours
  case libcurls

  var libcurl: LibcurlRequirements {
    var result = LibcurlRequirements.current
    if self == .libcurls { result.versionNumber = LibcurlRequirements.minimumVersion }
    return result
  }
}

/// Opens a connection as Alice to a scripted relay.
func open(
  _ relay: ScriptedRelay, pings: PingPolicy = .ours, _ change: (inout RelayLinkOptions) -> Void = { _ in }
) async throws -> RelayConnection {
  try await RelayConnection.open(
    endpoint: relay.endpoint, sessionCode: Wire.code, role: .alice, options: localOptions(change),
    libcurl: pings.libcurl)
}

/// The error with which opening fails; `nil` if it does not.
func openingError(
  _ relay: ScriptedRelay, _ change: (inout RelayLinkOptions) -> Void = { _ in }
) async throws -> RelayLinkError? {
  do throws(RelayLinkError) {
    let endpoint = try RelayEndpoint("ws://127.0.0.1:\(relay.port)")
    _ = try await RelayConnection.open(
      endpoint: endpoint, sessionCode: Wire.code, role: .alice, options: localOptions(change))
    return nil
  } catch {
    return error
  }
}

extension RelayConnection {
  /// Queues a packet unless the queue is full.
  fileprivate func refuses(_ packet: [UInt8]) -> Bool {
    do throws(RelayLinkError) {
      try send(packet: packet)
      return false
    } catch {
      guard case .outboundQueueFull = error else { Issue.record(error); return false }
      return true
    }
  }

  /// All events until the connection has ended.
  func remainingEvents() async -> [RelayEvent] {
    var result: [RelayEvent] = []
    for await event in events { result.append(event) }
    return result
  }
}

extension LinkSuite {
  @Suite("Talking") struct Talking {
    @Test("hello, a packet each way, bye, close; our frames are masked text, each with its own mask")
    func conversation() async throws {
      let received = Locked<[ScriptedPeer.Frame]>([])
      let head = Locked("")
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        head.withLock { $0 = peer.head }
        try peer.send(Wire.message("peer_joined", #"{"role":"bob"}"#))
        try peer.send(Wire.packet([9, 8, 7]))
        for _ in 0..<4 {
          let frame = try peer.readFrame()
          received.withLock { $0.append(frame) }
        }
        try peer.send(close: 1000)
      }
      defer { relay.stop() }
      let link = try await open(relay) { $0.userAgent = "test/1" }
      #expect(link.session.sessionID == Wire.id && link.session.role == .alice)
      #expect(link.session.expiresAt == 1_700_000_000.25)
      try link.send(packet: [1, 2, 3])
      try link.send(packet: [4])
      try link.sendBye(code: "done")
      var iterator = link.events.makeAsyncIterator()
      #expect(await iterator.next() == .peerJoined)
      #expect(await iterator.next() == .packet([9, 8, 7]))
      await link.close()
      #expect(await iterator.next() == .closed(.byUs))
      #expect(await iterator.next() == nil)
      let frames = received.withLock { $0 }
      #expect(frames.map(\.opcode) == [1, 1, 1, 8])
      #expect(frames.map(\.isFinal) == [true, true, true, true])
      #expect(frames.allSatisfy { $0.mask != nil } && Set(frames.map(\.mask)).count == 4)
      #expect(frames.first?.text == #"{"type":"packet","proto":"TACCV2","ver":4,"payload":{"data_b64":"AQID"}}"#)
      #expect(frames.dropFirst(2).first?.text == #"{"type":"bye","proto":"TACCV2","ver":4,"payload":{"code":"done"}}"#)
      #expect(frames.last?.payload == [0x03, 0xE8])
      let lines = head.withLock { $0 }
      #expect(lines.hasPrefix("GET /ws/\(Wire.code)/alice HTTP/1.1\r\n"))
      #expect(lines.contains("User-Agent: test/1\r\n"))
      #expect(throws: RelayLinkError.closed) { try link.send(packet: [1]) }
    }

    @Test(
      "Fragments, pieces and pings in between make one message, and the pongs carry the pings' payloads",
      arguments: PingPolicy.allCases)
    func fragments(pings: PingPolicy) async throws {
      let pongs = Locked<[[UInt8]]>([])
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        let text = Array(Wire.packet([UInt8](repeating: 5, count: 16_384)).utf8)
        // Every byte arrives by itself at first, so that heads and payloads are cut everywhere.
        func trickle(_ bytes: [UInt8]) throws { for byte in bytes { try peer.write([byte]) } }
        try trickle(ScriptedPeer.frame(Array(text[..<10]), isFinal: false))
        let ping = ScriptedPeer.frame("still there?", opcode: 9)
        // libcurl before 8.14 answers a ping that arrives in pieces with its last piece.
        if pings == .ours { try trickle(ping) } else { try peer.write(ping) }
        let first = try peer.readFrame(opcode: 10)
        try trickle(ScriptedPeer.frame(Array(text[10..<11]), opcode: 0, isFinal: false))
        try trickle(ScriptedPeer.frame([], opcode: 0, isFinal: false))
        try peer.write(ScriptedPeer.frame([], opcode: 9))
        let second = try peer.readFrame(opcode: 10)
        let rest = ScriptedPeer.frame(Array(text[11...]), opcode: 0)
        try trickle(Array(rest.prefix(20)))
        try peer.write(Array(rest.dropFirst(20)))
        pongs.withLock { $0 = [first.payload, second.payload] }
        try peer.send(close: 1000, "enough")
        _ = try peer.readFrame(opcode: 8)
      }
      defer { relay.stop() }
      let link = try await open(relay, pings: pings)
      #expect(
        await link.remainingEvents() == [
          .packet([UInt8](repeating: 5, count: 16_384)), .closed(.byRelay(code: 1000, reason: "enough")),
        ])
      #expect(pongs.withLock { $0 } == [Array("still there?".utf8), []])
      await link.close()
    }

    @Test(
      "Packets stay whole when the relay reads slowly while it sends packets and pings itself",
      arguments: PingPolicy.allCases)
    func slowRelay(pings: PingPolicy) async throws {
      let outcome = Locked((packets: 0, pongs: 0, damaged: 0))
      let isFull = DispatchSemaphore(value: 0)
      let relay = try ScriptedRelay(receiveBuffer: 4096) { peer in
        try peer.admit()
        // However much the kernel takes, the queue is full once before anything is read.
        _ = isFull.wait(timeout: .now() + 20)
        while true {
          let frame = try peer.readFrame()
          if frame.opcode == 8 { return try peer.send(close: 1000) }
          let packets = outcome.withLock { outcome in
            if frame.opcode == 10 { outcome.pongs += 1 }
            if frame.opcode == 1 {
              let value = UInt8(truncatingIfNeeded: outcome.packets)
              let expected = RelayMessage.packet([UInt8](repeating: value, count: 12_000))
              if frame.payload != expected { outcome.damaged += 1 }
              outcome.packets += 1
            }
            return outcome.packets
          }
          if frame.opcode == 1 {
            try peer.write(ScriptedPeer.frame("ping \(packets)", opcode: 9))
            try peer.send(Wire.packet([UInt8(truncatingIfNeeded: packets)]))
          }
        }
      }
      defer { relay.stop() }
      let link = try await open(relay, pings: pings) { $0.closeDeadline = .seconds(20) }
      let reader = Task { await link.remainingEvents() }
      var refusals = 0
      var total = 0
      var afterwards = 50
      while total < 5000, afterwards > 0 {
        let packet = [UInt8](repeating: UInt8(truncatingIfNeeded: total), count: 12_000)
        while link.refuses(packet) {
          refusals += 1
          isFull.signal()
          try await Task.sleep(for: .milliseconds(1))
        }
        total += 1
        if refusals > 0 { afterwards -= 1 }
      }
      await link.close()
      let result = outcome.withLock { $0 }
      #expect(result.packets == total && result.damaged == 0)
      #expect(result.pongs > 0)
      #expect(refusals > 0, "the queue was never full, so partial sends were not exercised")
      let events = await reader.value
      #expect(events.last == .closed(.byUs))
      #expect(events.dropLast().allSatisfy { if case .packet = $0 { true } else { false } })
    }

    @Test("What does not fit is refused: packet sizes, bye codes, a queue that is full")
    func limits() async throws {
      let over = DispatchSemaphore(value: 0)
      let relay = try ScriptedRelay(receiveBuffer: 4096) { peer in
        try peer.admit()
        over.wait()
      }
      defer { relay.stop() }
      defer { over.signal() }
      let link = try await open(relay) { $0.closeDeadline = .milliseconds(100) }
      #expect(throws: RelayLinkError.packetSize(0)) { try link.send(packet: []) }
      #expect(throws: RelayLinkError.packetSize(16_385)) { try link.send(packet: [UInt8](repeating: 0, count: 16_385)) }
      #expect(throws: RelayLinkError.invalidByeCode) { try link.sendBye(code: "No!") }
      let packet = [UInt8](repeating: 0, count: 16_384)
      var accepted = 0
      var refusal: RelayLinkError?
      while refusal == nil, accepted < 10_000 {
        do throws(RelayLinkError) {
          try link.send(packet: packet)
          accepted += 1
        } catch {
          refusal = error
        }
      }
      guard case .outboundQueueFull(let queued) = refusal else {
        Issue.record("never full")
        return
      }
      #expect(queued <= RelayConnection.outboundLimit && queued > RelayConnection.outboundLimit - 22_000)
      await link.close()
    }

    @Test("Dropping the connection ends it")
    func dropped() async throws {
      let ended = OneShot<UInt8?>()
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        ended.fulfil(try? peer.readFrame().opcode)
      }
      defer { relay.stop() }
      var link: RelayConnection? = try await open(relay)
      let events = try #require(link?.events)
      link = nil
      #expect(await ended.value() == 8)
      var last: RelayEvent?
      for await event in events { last = event }
      #expect(last == .closed(.byUs))
    }
  }

  @Suite("Ending") struct Ending {
    @Test("A relay that closes is answered with its code")
    func closedByRelay() async throws {
      let answer = OneShot<[UInt8]?>()
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        try peer.send(Wire.message("error", #"{"error":"message budget used up"}"#))
        try peer.send(close: 1008, "message budget")
        answer.fulfil(try? peer.readFrame(opcode: 8).payload)
      }
      defer { relay.stop() }
      let link = try await open(relay)
      #expect(
        await link.remainingEvents() == [
          .relayError("message budget used up"), .closed(.byRelay(code: 1008, reason: "message budget")),
        ])
      #expect(await answer.value() == [0x03, 0xF0])
      #expect(throws: RelayLinkError.closed) { try link.send(packet: [1]) }
      await link.close()
      await link.close()
    }

    @Test("A close code that may not be sent is not sent back", arguments: [UInt16(0), 999, 1005, 1006, 1015, 5000])
    func illegalCode(code: UInt16) async throws {
      let answer = OneShot<[UInt8]?>()
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        try peer.send(close: code)
        answer.fulfil(try? peer.readFrame(opcode: 8).payload)
      }
      defer { relay.stop() }
      let link = try await open(relay)
      #expect(await link.remainingEvents() == [.closed(.byRelay(code: code, reason: ""))])
      #expect(await answer.value() == [0x03, 0xEA])
    }

    @Test("A relay that vanishes is a lost connection", arguments: ["end", "reset", "half a head", "half a frame"])
    func lost(how: String) async throws {
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        try peer.send(Wire.packet([1]))
        switch how {
        case "reset": peer.reset()
        case "half a head": try peer.write([0x81, 126])
        case "half a frame": try peer.write(Array(ScriptedPeer.frame(Wire.packet([2])).dropLast(5)))
        default: break
        }
      }
      defer { relay.stop() }
      let link = try await open(relay)
      let events = await link.remainingEvents()
      guard case .closed(.lost(let detail)) = events.last else {
        Issue.record("\(events)")
        return
      }
      #expect(!detail.isEmpty)
      // A reset may overtake the packet.
      #expect(how == "reset" || events.first == .packet([1]))
      #expect(events.count <= 2)
    }

    @Test("A relay that stays silent is pinged twice, then lost")
    func silent() async throws {
      let pings = Locked(0)
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        while true {
          if try peer.readFrame().opcode == 9 { pings.withLock { $0 += 1 } }
        }
      }
      defer { relay.stop() }
      let link = try await open(relay) { $0.pingInterval = .milliseconds(200) }
      let events = await link.remainingEvents()
      guard case .closed(.lost(let detail)) = events.last else {
        Issue.record("\(events)")
        return
      }
      #expect(detail.contains("pinged 2 times"))
      #expect(pings.withLock { $0 } == 2)
    }

    @Test("A relay that answers pings is kept")
    func answering() async throws {
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        for _ in 0..<5 {
          let ping = try peer.readFrame(opcode: 9)
          try peer.write(ScriptedPeer.frame(ping.payload, opcode: 10))
        }
        try peer.send(close: 1001)
      }
      defer { relay.stop() }
      let link = try await open(relay) { $0.pingInterval = .milliseconds(100) }
      #expect(await link.remainingEvents() == [.closed(.byRelay(code: 1001, reason: ""))])
    }

    @Test("close() waits for a relay that does not answer no longer than its deadline")
    func boundedClose() async throws {
      let over = DispatchSemaphore(value: 0)
      let relay = try ScriptedRelay(receiveBuffer: 4096) { peer in
        try peer.admit()
        over.wait()
      }
      defer { relay.stop() }
      defer { over.signal() }
      let link = try await open(relay) { $0.closeDeadline = .milliseconds(200) }
      for _ in 0..<11 { try link.send(packet: [UInt8](repeating: 0, count: 16_384)) }
      let took = await ContinuousClock().measure { await link.close() }
      #expect(took >= .milliseconds(200) && took < .seconds(10), "\(took)")
      #expect(await link.remainingEvents() == [.closed(.byUs)])
    }

    @Test("close() may be called by many at once")
    func manyCloses() async throws {
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        _ = try peer.readFrame(opcode: 8)
        try peer.send(close: 1000)
      }
      defer { relay.stop() }
      let link = try await open(relay)
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<20 { group.addTask { await link.close() } }
      }
      #expect(await link.remainingEvents() == [.closed(.byUs)])
    }

    @Test("Opening and closing fifty times leaves no socket, eventfd or thread behind")
    func noLeaks() async throws {
      let relay = try ScriptedRelay { peer in
        try peer.admit()
        _ = try peer.readFrame(opcode: 8)
        try peer.send(close: 1000)
      }
      // One before counting, for what libcurl and the runtime keep for good.
      await (try open(relay)).close()
      let before = Resources.count(port: relay.port)
      for round in 0..<50 {
        let link = try await open(relay)
        try link.send(packet: [1])
        if round.isMultiple(of: 2) { await link.close() }
      }
      // Connections that were dropped end by themselves.
      var after = Resources.count(port: relay.port)
      for _ in 0..<500 where after.sockets > before.sockets || after.linkThreads > before.linkThreads {
        try await Task.sleep(for: .milliseconds(10))
        after = Resources.count(port: relay.port)
      }
      #expect(after.sockets <= before.sockets)
      #expect(after.linkThreads <= before.linkThreads)
      // Other tests of the same process may hold eventfds of their own; a leak would show fifty.
      #expect(after.eventDescriptors < before.eventDescriptors + 25)
      relay.stop()
    }
  }
}

/// What this process holds, from /proc.
struct Resources {
  /// Ends of TCP connections with this port: the client's, and the server's own.
  var sockets: Int
  var eventDescriptors: Int
  var linkThreads: Int

  static func count(port: UInt16) -> Resources {
    let files = FileManager.default
    let hexPort = ":" + String(port, radix: 16, uppercase: true).leftPadded(to: 4)
    let table = (try? String(contentsOfFile: "/proc/self/net/tcp", encoding: .utf8)) ?? ""
    let inodes = Set(
      table.split(separator: "\n").dropFirst().compactMap { line -> String? in
        let fields = line.split(separator: " ")
        guard fields.count > 9, fields[2].hasSuffix(hexPort) else { return nil }
        return "socket:[\(fields[9])]"
      })
    var result = Resources(sockets: 0, eventDescriptors: 0, linkThreads: 0)
    for name in (try? files.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
      guard let target = try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)") else { continue }
      if inodes.contains(target) { result.sockets += 1 }
      if target.hasSuffix("[eventfd]") { result.eventDescriptors += 1 }
    }
    for task in (try? files.contentsOfDirectory(atPath: "/proc/self/task")) ?? [] {
      let name = try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8)
      if name == LinkThread.name + "\n" { result.linkThreads += 1 }
    }
    return result
  }
}

extension String {
  fileprivate func leftPadded(to count: Int) -> String {
    String(repeating: "0", count: max(0, count - self.count)) + self
  }
}
