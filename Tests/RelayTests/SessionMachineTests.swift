import Testing

@testable import Relay

@Suite("One session")
struct SessionMachineTests {
  typealias Machine = SessionMachine<Int, String>

  static let start = RelayInstant(uptime: 1_000, unix: 1_700_000_000)
  /// The three connections that the tests speak of.
  let alice = 1
  let bob = 2
  let stranger = 3

  static func ticket(_ limits: RelayLimits) -> SessionTicket {
    var random = SeededGenerator(seed: 1)
    return SessionTicket(
      code: .random(using: &random), identifier: Array(0..<16), created: start,
      expires: start.advanced(byNanoseconds: limits.sessionTime.relayNanoseconds))
  }

  static func machine(_ change: (inout RelayLimits) -> Void = { _ in }) -> Machine {
    var limits = RelayLimits()
    change(&limits)
    return Machine(ticket: ticket(limits), limits: limits)
  }

  func at(_ seconds: Double) -> RelayInstant { Self.start.advanced(byNanoseconds: Int64(seconds * 1e9)) }

  func paired(_ change: (inout RelayLimits) -> Void = { _ in }) -> Machine {
    var machine = Self.machine(change)
    _ = machine.handle(.join(alice, .alice), at: at(0))
    _ = machine.handle(.join(bob, .bob), at: at(0))
    return machine
  }

  // MARK: Joining and leaving

  @Test("says hello to whoever joins and tells the other side")
  func joining() {
    var machine = Self.machine()
    let ticket = machine.ticket
    #expect(machine.handle(.join(alice, .alice), at: at(0)) == [.send(.hello(ticket, .alice), to: alice)])
    #expect(
      machine.handle(.join(bob, .bob), at: at(1)) == [
        .send(.hello(ticket, .bob), to: bob), .send(.peerJoined(.bob), to: alice),
      ])
    #expect(machine.handle(.leave(alice), at: at(2)) == [.send(.peerLeft(.alice), to: bob)])
  }

  @Test("refuses a newcomer in a taken role and keeps the one who is there")
  func takenRole() {
    var machine = paired()
    let actions = machine.handle(.join(stranger, .alice), at: at(1))
    #expect(actions.count == 2)
    #expect(actions.first?.errorText?.contains("role alice is taken") == true)
    #expect(actions.last == .close(stranger, CloseReason(code: 1008, text: "role taken")))
    #expect(machine.handle(.leave(stranger), at: at(1)).isEmpty)
    #expect(machine.snapshot(at: at(1))?.alicePresent == true)
    #expect(machine.handle(.message(.forward("m"), bytes: 1, from: stranger), at: at(1)).isEmpty)
  }

  @Test("lets a role be taken again once it has left")
  func rejoining() {
    var machine = paired()
    _ = machine.handle(.leave(alice), at: at(1))
    #expect(
      machine.handle(.join(stranger, .alice), at: at(2)) == [
        .send(.hello(machine.ticket, .alice), to: stranger), .send(.peerJoined(.alice), to: bob),
      ])
  }

  @Test("ends when both sides have been there and left, but not when only one ever came")
  func bothLeft() {
    var machine = paired()
    _ = machine.handle(.leave(bob), at: at(1))
    #expect(machine.handle(.leave(alice), at: at(2)) == [.ended])
    #expect(machine.hasEnded)
    #expect(machine.snapshot(at: at(2)) == nil)

    var waiting = Self.machine()
    _ = waiting.handle(.join(alice, .alice), at: at(0))
    #expect(waiting.handle(.leave(alice), at: at(1)).isEmpty)
    #expect(!waiting.hasEnded)
  }

  @Test("stays ended: later joins are refused, everything else is ignored")
  func staysEnded() {
    var machine = paired()
    _ = machine.handle(.message(.bye("bye"), bytes: 3, from: alice), at: at(1))
    #expect(machine.nextDeadline == nil)
    let actions = machine.handle(.join(stranger, .alice), at: at(2))
    #expect(actions.first?.errorText?.contains("has ended") == true)
    #expect(actions.last == .close(stranger, CloseReason(code: 1008, text: "session has ended")))
    #expect(machine.handle(.message(.ping, bytes: 1, from: alice), at: at(2)).isEmpty)
    #expect(machine.handle(.leave(alice), at: at(2)).isEmpty)
    #expect(machine.handle(.deadline, at: at(9_999)).isEmpty)
  }

  // MARK: Messages

  @Test("answers ping, forwards the rest to the other side, tells the sender what was refused")
  func messages() {
    var machine = paired()
    #expect(
      machine.handle(.message(.ping, bytes: 1, from: alice), at: at(2)) == [
        .send(.pong(unix: 1_700_000_002), to: alice)
      ])
    #expect(
      machine.handle(.message(.forward("m"), bytes: 1, from: bob), at: at(2)) == [.send(.relay("m"), to: alice)])
    #expect(
      machine.handle(.message(.refused("no"), bytes: 1, from: bob), at: at(2)) == [.send(.error("no"), to: bob)])
  }

  @Test("remembers a commitment as present and forwards it")
  func commit() {
    var machine = paired()
    #expect(
      machine.handle(.message(.commit("c"), bytes: 1, from: bob), at: at(2)) == [.send(.relay("c"), to: alice)])
    let snapshot = machine.snapshot(at: at(2))
    #expect(snapshot?.aliceCommitted == false)
    #expect(snapshot?.bobCommitted == true)
  }

  @Test("bye reaches the other side, then the session is over")
  func bye() {
    var machine = paired()
    let close = CloseReason(code: 1000, text: "session ended by bye")
    #expect(
      machine.handle(.message(.bye("b"), bytes: 1, from: bob), at: at(1)) == [
        .send(.relay("b"), to: alice), .close(alice, close), .close(bob, close), .ended,
      ])
  }

  @Test("keeps messages for a side that is absent and delivers them in order when it joins")
  func kept() {
    var machine = Self.machine()
    _ = machine.handle(.join(alice, .alice), at: at(0))
    for text in ["1", "2", "3"] {
      #expect(machine.handle(.message(.forward(text), bytes: 1, from: alice), at: at(0)).isEmpty)
    }
    #expect(
      machine.handle(.join(bob, .bob), at: at(1)) == [
        .send(.hello(machine.ticket, .bob), to: bob), .send(.peerJoined(.bob), to: alice),
        .send(.relay("1"), to: bob), .send(.relay("2"), to: bob), .send(.relay("3"), to: bob),
      ])
    // Delivered once: somebody who takes the seat later does not get them again.
    _ = machine.handle(.leave(bob), at: at(2))
    #expect(machine.handle(.join(stranger, .bob), at: at(3)).count == 2)
  }

  @Test("refuses by name what it cannot keep, at exactly one more than the bound")
  func keptBounds() {
    var byCount = Self.machine { $0.keptMessages = 2 }
    _ = byCount.handle(.join(alice, .alice), at: at(0))
    #expect(byCount.handle(.message(.forward("1"), bytes: 1, from: alice), at: at(0)).isEmpty)
    #expect(byCount.handle(.message(.forward("2"), bytes: 1, from: alice), at: at(0)).isEmpty)
    let third = byCount.handle(.message(.forward("3"), bytes: 1, from: alice), at: at(0))
    #expect(Array(third.dropFirst()) == [.dropped(1, .keptMessages)])
    #expect(third.first?.errorText?.contains("limit keptMessages") == true)

    var byBytes = Self.machine { $0.keptBytes = 10 }
    _ = byBytes.handle(.join(alice, .alice), at: at(0))
    #expect(byBytes.handle(.message(.forward("1"), bytes: 9, from: alice), at: at(0)).isEmpty)
    let over = byBytes.handle(.message(.forward("2"), bytes: 2, from: alice), at: at(0))
    #expect(over.first?.errorText?.contains("limit keptBytes") == true)
    #expect(Array(over.dropFirst()) == [.dropped(1, .keptBytes)])
    #expect(byBytes.handle(.message(.forward("3"), bytes: 1, from: alice), at: at(0)).isEmpty)
    let delivered = byBytes.handle(.join(bob, .bob), at: at(1)).dropFirst(2)
    #expect(Array(delivered) == [.send(.relay("1"), to: bob), .send(.relay("3"), to: bob)])
  }

  @Test("says how many kept messages were never delivered")
  func undelivered() {
    var machine = Self.machine()
    _ = machine.handle(.join(alice, .alice), at: at(0))
    _ = machine.handle(.message(.forward("1"), bytes: 1, from: alice), at: at(0))
    _ = machine.handle(.message(.forward("2"), bytes: 1, from: alice), at: at(0))
    let actions = machine.handle(.deadline, at: at(60))
    #expect(actions.first?.errorText?.contains("2 kept messages were never delivered") == true)
    #expect(Array(actions.suffix(2)) == [.dropped(2, .undelivered), .ended])
  }

  // MARK: Budgets

  @Test("ends at one message more than sessionMessages, both sides told")
  func messageBudget() {
    var machine = paired { $0.sessionMessages = 3 }
    for sender in [alice, bob, alice] {
      #expect(machine.handle(.message(.forward("m"), bytes: 1, from: sender), at: at(1)).count == 1)
    }
    expectEnd(machine.handle(.message(.ping, bytes: 1, from: bob), at: at(1)), limit: "sessionMessages")
  }

  @Test("ends at one byte more than sessionBytes, both sides told")
  func byteBudget() {
    var machine = paired { $0.sessionBytes = 100 }
    #expect(machine.handle(.message(.forward("m"), bytes: 60, from: alice), at: at(1)).count == 1)
    #expect(machine.handle(.message(.refused("x"), bytes: 40, from: bob), at: at(1)).count == 1)
    expectEnd(machine.handle(.message(.forward("m"), bytes: 1, from: bob), at: at(1)), limit: "sessionBytes")
  }

  // MARK: Time

  @Test("ends after its full time, whoever is there, and not a nanosecond earlier")
  func sessionTime() {
    var machine = paired()
    #expect(machine.nextDeadline == at(1_800).uptime)
    let before = at(1_800).advanced(byNanoseconds: -1)
    #expect(machine.handle(.deadline, at: before).isEmpty)
    #expect(machine.snapshot(at: before) != nil)
    #expect(machine.snapshot(at: at(1_800)) == nil)
    expectEnd(machine.handle(.deadline, at: at(1_800)), limit: "sessionTime")
  }

  @Test("lets nothing pass after its time, even where the timer is late")
  func lateTimer() {
    var machine = paired()
    let actions = machine.handle(.message(.forward("late"), bytes: 1, from: alice), at: at(1_801))
    expectEnd(actions, limit: "sessionTime")
    #expect(!actions.contains(.send(.relay("late"), to: bob)))

    var joined = Self.machine()
    let refused = joined.handle(.join(alice, .alice), at: at(1_801))
    #expect(refused.contains(.close(alice, CloseReason(code: 1008, text: "session has ended"))))
    #expect(joined.hasEnded)
  }

  @Test("counts the time alone from the first join and from the last departure, not from a return")
  func aloneTime() {
    var machine = Self.machine()
    #expect(machine.nextDeadline == at(1_800).uptime)
    _ = machine.handle(.join(alice, .alice), at: at(100))
    #expect(machine.nextDeadline == at(160).uptime)
    _ = machine.handle(.leave(alice), at: at(110))
    _ = machine.handle(.join(alice, .alice), at: at(120))
    #expect(machine.nextDeadline == at(160).uptime)
    _ = machine.handle(.join(bob, .bob), at: at(150))
    #expect(machine.nextDeadline == at(1_800).uptime)
    _ = machine.handle(.leave(alice), at: at(200))
    #expect(machine.nextDeadline == at(260).uptime)
    #expect(machine.handle(.deadline, at: at(260).advanced(byNanoseconds: -1)).isEmpty)
    let actions = machine.handle(.deadline, at: at(260))
    #expect(actions.first?.errorText?.contains("limit aloneTime") == true)
    #expect(actions.last == .ended)
  }

  // MARK: All of it

  @Test("holds its invariants through random events", arguments: 0..<50 as Range<UInt64>)
  func randomEvents(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var machine = Self.machine {
      $0.keptMessages = 3
      $0.sessionMessages = 60
    }
    var now = Self.start
    var present: [Role: Int] = [:]
    var sent: [Role: [String]] = [.alice: [], .bob: []]
    var received: [Role: [String]] = [.alice: [], .bob: []]
    var refused = 0
    var ended = false
    for step in 0..<200 {
      now = now.advanced(byNanoseconds: Int64.random(in: 0...4_000_000_000, using: &random))
      let role: Role = Bool.random(using: &random) ? .alice : .bob
      let event: Machine.Event
      var text: String?
      switch Int.random(in: 0..<10, using: &random) {
      case 0, 1: event = .join(100 + step, role)
      case 2: event = .leave(present[role] ?? -1)
      case 3: event = .deadline
      default:
        text = "\(role.rawValue)-\(step)"
        event = .message(.forward(text ?? ""), bytes: 8, from: present[role] ?? -1)
      }
      let actions = machine.handle(event, at: now)
      if let text, present[role] != nil, !machine.hasEnded {
        if actions.contains(where: { $0.errorText != nil }) { refused += 1 } else { sent[role]?.append(text) }
      }
      for action in actions {
        #expect(!ended, "nothing follows the end (seed \(seed), step \(step))")
        switch action {
        case .send(.hello(_, let role), let peer):
          #expect(present[role] == nil, "one connection a role (seed \(seed), step \(step))")
          present[role] = peer
        case .send(.relay(let text), let peer):
          let to: Role = text.hasPrefix("alice") ? .bob : .alice
          #expect(present[to] == peer, "never back to the sender (seed \(seed), step \(step))")
          received[to]?.append(text)
        case .ended: ended = true
        case .close, .send, .dropped: break
        }
      }
      if case .leave = event { present[role] = nil }
      if ended { break }
    }
    #expect(ended == machine.hasEnded)
    // What arrived is a prefix of what was accepted: in order, complete, nothing twice.
    for role in Role.allCases {
      let accepted = sent[role] ?? []
      let arrived = received[role.other] ?? []
      #expect(Array(accepted.prefix(arrived.count)) == arrived, "seed \(seed)")
      #expect(accepted.count - arrived.count <= 3, "only kept messages may be outstanding (seed \(seed))")
    }
  }

  private func expectEnd(_ actions: [Machine.Action], limit: String) {
    let close = CloseReason(code: 1008, text: "session ended: limit \(limit)")
    #expect(actions.count == 5)
    #expect(actions.contains(.close(alice, close)))
    #expect(actions.contains(.close(bob, close)))
    #expect(actions.compactMap(\.errorText).filter { $0.contains("(limit \(limit))") }.count == 2)
    #expect(actions.last == .ended)
  }
}

extension SessionMachine.Action {
  /// The text of an error that is sent.
  var errorText: String? {
    if case .send(.error(let text), _) = self { text } else { nil }
  }
}
