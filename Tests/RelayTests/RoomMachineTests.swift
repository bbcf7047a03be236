import Testing

@testable import Relay

@Suite("One room")
struct RoomMachineTests {
  typealias Machine = RoomMachine<String>

  static let start = RelayInstant(uptime: 1_000, unix: 1_700_000_000)

  func at(_ seconds: Double) -> RelayInstant { Self.start.advanced(byNanoseconds: Int64(seconds * 1e9)) }

  static func machine(_ change: (inout RelayLimits) -> Void = { _ in }) -> Machine {
    var limits = RelayLimits()
    change(&limits)
    return Machine(limits: limits)
  }

  /// An agent that came at `seconds`, with the matches `past` behind it.
  func agent(_ peer: String, _ arrival: UInt64, at seconds: Double = 0, past: [UInt64] = []) -> Machine.Agent {
    WaitingAgent(
      peer: peer, address: nil, arrival: arrival, joined: at(seconds).uptime,
      past: past.reduce(PastMatches()) { $0.adding($1) })
  }

  @Test("whoever comes first waits and is matched with whoever comes next")
  func twoAgents() {
    var room = Self.machine()
    let (a, b) = (agent("a", 1), agent("b", 2, at: 1))
    #expect(room.handle(.join(a, refusal: nil), at: at(0)) == [.send(.waiting, to: "a")])
    #expect(!room.isEmpty)
    #expect(room.handle(.join(b, refusal: nil), at: at(1)) == [.send(.waiting, to: "b"), .match(a, b)])
    #expect(room.isEmpty)
    #expect(room.nextDeadline == nil)
    #expect(room.handle(.leave("a"), at: at(2)).isEmpty)
    #expect(room.handle(.message(.ping, from: "b"), at: at(2)).isEmpty)
  }

  @Test("more than two are matched in the order in which they came")
  func firstComeFirstMatched() {
    var room = Self.machine()
    // These wait together because they all had each other before.
    let waiting = (1...4).map { agent("w\($0)", $0, past: [7]) }
    for one in waiting { _ = room.handle(.join(one, refusal: nil), at: at(0)) }
    for (index, first) in waiting.enumerated() {
      let next = agent("n\(index)", UInt64(10 + index))
      #expect(
        room.handle(.join(next, refusal: nil), at: at(1)) == [.send(.waiting, to: next.peer), .match(first, next)])
    }
    #expect(room.isEmpty)
  }

  @Test("who has left is matched with nobody")
  func leaving() {
    var room = Self.machine()
    let a = agent("a", 1)
    _ = room.handle(.join(a, refusal: nil), at: at(0))
    #expect(room.handle(.leave("nobody"), at: at(1)).isEmpty)
    #expect(room.handle(.leave("a"), at: at(1)) == [.dismiss(a, nil)])
    #expect(room.isEmpty)
    #expect(room.handle(.join(agent("b", 2), refusal: nil), at: at(2)) == [.send(.waiting, to: "b")])
    #expect(room.handle(.leave("a"), at: at(2)).isEmpty)
    #expect(!room.isEmpty)
  }

  // MARK: Returning

  @Test("two that had each other do not get each other again while a stranger waits or comes in time")
  func strangersFirst() {
    var room = Self.machine()
    let (a, b, c) = (agent("a", 1, past: [1]), agent("b", 2, at: 1, past: [1]), agent("c", 3, at: 2.9))
    _ = room.handle(.join(a, refusal: nil), at: at(0))
    #expect(room.handle(.join(b, refusal: nil), at: at(1)) == [.send(.waiting, to: "b")])
    #expect(room.nextDeadline == at(3).uptime)
    #expect(room.handle(.deadline, at: at(2.9)).isEmpty)
    #expect(room.handle(.join(c, refusal: nil), at: at(2.9)) == [.send(.waiting, to: "c"), .match(a, c)])
    #expect(room.handle(.deadline, at: at(100)).isEmpty, "b is alone")
  }

  @Test("two that had each other get each other again when nobody else came, at the time and not before")
  func aloneTogether() {
    var room = Self.machine()
    let (a, b) = (agent("a", 1, past: [1]), agent("b", 2, at: 1, past: [1]))
    _ = room.handle(.join(a, refusal: nil), at: at(0))
    _ = room.handle(.join(b, refusal: nil), at: at(1))
    let ripe = at(3)
    #expect(room.handle(.deadline, at: ripe.advanced(byNanoseconds: -1)).isEmpty)
    #expect(room.handle(.deadline, at: ripe) == [.match(a, b)])
    #expect(room.isEmpty)
  }

  @Test("with a rematchTime of zero they get each other at once, but strangers still come first")
  func rematchAtOnce() {
    var room = Self.machine { $0.rematchTime = .zero }
    let (a, b) = (agent("a", 1, past: [1]), agent("b", 2, past: [1]))
    _ = room.handle(.join(a, refusal: nil), at: at(0))
    #expect(room.handle(.join(b, refusal: nil), at: at(0)) == [.send(.waiting, to: "b"), .match(a, b)])
  }

  @Test("a returning agent whose partner did not return is matched with any stranger at once")
  func returningAlone() {
    var room = Self.machine()
    let (a, c) = (agent("a", 1, past: [1, 2]), agent("c", 2, past: [3]))
    _ = room.handle(.join(a, refusal: nil), at: at(0))
    #expect(room.handle(.join(c, refusal: nil), at: at(0)).last == .match(a, c))
  }

  @Test("mismatched triples: the stray is passed on, and the two that belong together meet")
  func triple() {
    // a and b belong together, s is a stray. First s got a (match 1), then s got b (match 2) while a was away.
    var room = Self.machine()
    let (s, a, b) = (agent("s", 4, past: [1, 2]), agent("a", 5, at: 1, past: [1]), agent("b", 6, at: 2, past: [2]))
    _ = room.handle(.join(s, refusal: nil), at: at(0))
    #expect(room.handle(.join(a, refusal: nil), at: at(1)) == [.send(.waiting, to: "a")], "they had each other")
    #expect(room.handle(.join(b, refusal: nil), at: at(2)) == [.send(.waiting, to: "b"), .match(a, b)])
    #expect(room.handle(.deadline, at: at(60)).isEmpty)
    #expect(!room.isEmpty)
  }

  @Test("where all had each other, the one who waited longest gets whom it had longest ago")
  func longestAgo() {
    var room = Self.machine()
    let a = agent("a", 1, past: [1, 3])
    let b = agent("b", 2, past: [2, 3])
    let c = agent("c", 3, past: [1, 2])
    for one in [a, b, c] { _ = room.handle(.join(one, refusal: nil), at: at(0)) }
    #expect(room.handle(.deadline, at: at(2)) == [.match(a, c)], "a had c in match 1 and b in match 3")
    #expect(!room.isEmpty)
  }

  @Test("four boards that were mismatched crosswise find their partners when they return within the time")
  func crosswise() {
    // a1 had b1 (match 1), a2 had b2 (match 2); a1 belongs to a2, b1 to b2.
    var room = Self.machine()
    let a1 = agent("a1", 5, past: [1])
    let b1 = agent("b1", 6, at: 0.5, past: [1])
    let a2 = agent("a2", 7, at: 1, past: [2])
    let b2 = agent("b2", 8, at: 1.5, past: [2])
    var matches: [Machine.Action] = []
    for (one, time) in [(a1, 0), (b1, 0.5), (a2, 1), (b2, 1.5)] {
      matches += room.handle(.join(one, refusal: nil), at: at(time)).filter { $0 != .send(.waiting, to: one.peer) }
    }
    #expect(matches == [.match(a1, a2), .match(b1, b2)])
  }

  @Test("a match that came to nothing puts an agent back in its old place, or gives it the next stranger")
  func resuming() {
    var room = Self.machine()
    let (a, b, c) = (agent("a", 1, past: [9]), agent("b", 2, past: [9]), agent("c", 3))
    for one in [a, b] { _ = room.handle(.join(one, refusal: nil), at: at(0)) }
    #expect(room.handle(.join(c, refusal: nil), at: at(0)).last == .match(a, c))
    #expect(room.handle(.resume(a), at: at(0)).isEmpty)
    let d = agent("d", 4)
    #expect(room.handle(.join(d, refusal: nil), at: at(0)).last == .match(a, d))
    #expect(room.handle(.resume(d), at: at(0)) == [.match(b, d)])
  }

  // MARK: Limits

  @Test("roomTime: at the bound, not a moment earlier, and nothing passes a timer that is late")
  func roomTime() {
    var room = Self.machine()
    let a = agent("a", 1)
    _ = room.handle(.join(a, refusal: nil), at: at(0))
    #expect(room.nextDeadline == at(120).uptime)
    #expect(room.handle(.deadline, at: at(120).advanced(byNanoseconds: -1)).isEmpty)
    let b = agent("b", 2, at: 120)
    let actions = room.handle(.join(b, refusal: nil), at: at(120))
    #expect(actions.count == 3)
    #expect(actions.first?.errorText?.contains("120 s (limit roomTime)") == true)
    #expect(actions[1] == .dismiss(a, CloseReason(code: 1008, text: "limit roomTime")))
    #expect(actions[2] == .send(.waiting, to: "b"))
    #expect(room.nextDeadline == at(240).uptime)
  }

  @Test("roomAgents: those who would have to wait are refused, those with a partner are not")
  func roomAgents() {
    var room = Self.machine { $0.roomAgents = 2 }
    for number in [1, 2] as [UInt64] {
      #expect(room.handle(.join(agent("w\(number)", number, past: [1]), refusal: nil), at: at(0)).count == 1)
    }
    let excess = agent("x", 3, past: [1])
    let actions = room.handle(.join(excess, refusal: nil), at: at(0))
    #expect(actions.first?.errorText?.contains("limit roomAgents") == true)
    #expect(actions.dropFirst() == [.dismiss(excess, CloseReason(code: 1013, text: "limit roomAgents"))])
    let stranger = agent("s", 4)
    #expect(room.handle(.join(stranger, refusal: nil), at: at(0)).last == .match(agent("w1", 1, past: [1]), stranger))
  }

  @Test("roomMessages: pings and refused messages count alike, one too many ends the wait")
  func roomMessages() {
    var room = Self.machine { $0.roomMessages = 2 }
    _ = room.handle(.join(agent("a", 1), refusal: nil), at: at(0))
    #expect(room.handle(.message(.ping, from: "a"), at: at(1)) == [.send(.pong(unix: at(1).unix), to: "a")])
    #expect(room.handle(.message(.refused("why"), from: "a"), at: at(1)) == [.send(.error("why"), to: "a")])
    let actions = room.handle(.message(.ping, from: "a"), at: at(1))
    #expect(actions.first?.errorText?.contains("limit roomMessages") == true)
    guard case .dismiss(_, CloseReason(code: 1008, text: "limit roomMessages")) = actions.last else {
      Issue.record("expected to be dismissed, got \(actions)")
      return
    }
    #expect(room.isEmpty)
  }

  @Test("nobody is lost or matched twice, and strangers never wait side by side", arguments: 1...20)
  func anyOrder(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var room = Self.machine { $0.roomAgents = 1_000 }
    var inside: [Machine.Agent] = []
    var time = 0.0
    for arrival in 1...400 as ClosedRange<UInt64> {
      time += Double.random(in: 0..<3, using: &random)
      let event: Machine.Event
      switch Int.random(in: 0..<10, using: &random) {
      case 0:
        let leaver = inside.randomElement(using: &random)?.peer ?? "nobody"
        event = .leave(leaver)
      case 1: event = .deadline
      default:
        let past = (0..<Int.random(in: 0..<3, using: &random)).map { _ in UInt64.random(in: 1...3, using: &random) }
        let newcomer = agent("\(arrival)", arrival, at: time, past: past)
        inside.append(newcomer)
        event = .join(newcomer, refusal: nil)
      }
      for action in room.handle(event, at: at(time)) {
        switch action {
        case .send: break
        case .dismiss(let agent, _):
          #expect(inside.contains(agent), "seed \(seed)")
          inside.removeAll { $0 == agent }
        case .match(let first, let second):
          #expect(first.arrival < second.arrival && inside.contains(first) && inside.contains(second), "seed \(seed)")
          inside.removeAll { $0 == first || $0 == second }
        }
      }
      for (index, one) in inside.enumerated() {
        for other in inside[..<index] {
          #expect(one.past.last(with: other.past) != nil, "seed \(seed): strangers wait side by side")
        }
      }
      #expect(room.isEmpty == inside.isEmpty, "seed \(seed)")
    }
  }
}

extension RoomMachine.Action {
  /// What an error that is sent says; `nil` for anything else.
  var errorText: String? {
    if case .send(.error(let text), _) = self { text } else { nil }
  }
}
