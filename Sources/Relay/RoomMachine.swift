/// An agent that waits in a room.
struct WaitingAgent<Peer: Equatable & Sendable>: Sendable, Equatable {
  let peer: Peer
  /// Who it is to the limits; `nil` where the transport has no addresses.
  let address: AddressKey?
  /// Its place in the order in which agents came to any room.
  let arrival: UInt64
  /// When it came, in monotonic nanoseconds.
  let joined: Int64
  /// Whom it was matched with before.
  let past: PastMatches
  /// Messages it sent while it waited.
  var messages = 0
}

/// One room: who waits, in what order, and who is brought together.
///
/// Pure state, like ``SessionMachine``. The rules:
/// 1. Whoever comes is matched at once with the first in the queue that it was not matched with before, and waits at
///    the end of the queue where there is none. So all who wait were matched with each other before.
/// 2. Those are matched with each other again only when nobody else came for ``RelayLimits/rematchTime``: the one who
///    has waited longest, with the one whose last match with it lies furthest back. Two boards whose first attempt
///    failed and who are alone in their room so meet again after that time, while boards that were mismatched in a
///    crowd get their chance to find the right partner among those who return a moment later.
/// 3. Whoever waits longer than ``RelayLimits/roomTime`` is sent away.
///
/// What an agent is told depends on itself and its partner alone: nothing says how many others wait, or since when.
struct RoomMachine<Peer: Equatable & Sendable>: Sendable {
  typealias Agent = WaitingAgent<Peer>

  enum Event: Sendable {
    /// An agent came; if it cannot be matched at once, it may not wait where `refusal` says so.
    case join(Agent, refusal: RoomRefusal?)
    /// An agent that was taken out for a match waits again in its old place, since the match came to nothing.
    case resume(Agent)
    /// A connection is gone, or was closed.
    case leave(Peer)
    /// A whole message arrived.
    case message(InboundMessage<Never>, from: Peer)
    /// The time that ``nextDeadline`` asked for may have come.
    case deadline
  }

  enum Action: Sendable, Equatable {
    case send(OutboundMessage<Never>, to: Peer)
    /// An agent waits no more: it is closed with this reason, or has left by itself where there is none.
    case dismiss(Agent, CloseReason?)
    /// Two agents are brought together and wait no more; the first came first.
    case match(Agent, Agent)
  }

  private let limits: RelayLimits
  /// In the order of their arrival.
  private var waiting: [Agent] = []

  init(limits: RelayLimits) {
    self.limits = limits
  }

  var isEmpty: Bool { waiting.isEmpty }

  /// When ``Event/deadline`` is wanted, in monotonic nanoseconds; `nil` for an empty room.
  var nextDeadline: Int64? {
    guard let first = waiting.first else { return nil }
    let end = first.joined + limits.roomTime.relayNanoseconds
    return waiting.count < 2 ? end : min(end, waiting[1].joined + limits.rematchTime.relayNanoseconds)
  }

  /// Takes in one event and says what to do about it.
  mutating func handle(_ event: Event, at now: RelayInstant) -> [Action] {
    // Time comes first: a timer that fires late must not let anything pass.
    let due = dismissOverdue(at: now.uptime)
    switch event {
    case .join(let agent, let refusal): return due + join(agent, refusal) + rematches(at: now.uptime)
    case .resume(let agent): return due + resume(agent) + rematches(at: now.uptime)
    case .leave(let peer):
      guard let index = waiting.firstIndex(where: { $0.peer == peer }) else { return due }
      return due + [.dismiss(waiting.remove(at: index), nil)]
    case .message(let message, let peer): return due + take(message, from: peer, at: now)
    case .deadline: return due + rematches(at: now.uptime)
    }
  }

  // MARK: Coming

  private mutating func join(_ agent: Agent, _ refusal: RoomRefusal?) -> [Action] {
    let welcome = Action.send(.waiting, to: agent.peer)
    if let partner = takeStranger(to: agent) { return [welcome, .match(partner, agent)] }
    if let refusal { return dismiss(agent, refusal) }
    guard waiting.count < limits.roomAgents else { return dismiss(agent, .roomAgents(limit: limits.roomAgents)) }
    waiting.append(agent)
    return [welcome]
  }

  private mutating func resume(_ agent: Agent) -> [Action] {
    if let partner = takeStranger(to: agent) {
      return [agent.arrival < partner.arrival ? .match(agent, partner) : .match(partner, agent)]
    }
    let place = waiting.firstIndex { $0.arrival > agent.arrival } ?? waiting.endIndex
    waiting.insert(agent, at: place)
    return []
  }

  /// Takes out the first in the queue that was never matched with `agent`.
  private mutating func takeStranger(to agent: Agent) -> Agent? {
    waiting.firstIndex { $0.past.last(with: agent.past) == nil }.map { waiting.remove(at: $0) }
  }

  // MARK: Time

  private mutating func rematches(at now: Int64) -> [Action] {
    var actions: [Action] = []
    while waiting.count >= 2 {
      // Who has waited for the time is at the front of the queue, for it is in the order of arrival.
      let ripe = waiting.indices.dropFirst().prefix {
        waiting[$0].joined + limits.rematchTime.relayNanoseconds <= now
      }
      guard let partner = ripe.min(by: { lastMatchOfFirst(with: $0) < lastMatchOfFirst(with: $1) }) else { break }
      let second = waiting.remove(at: partner)
      actions.append(.match(waiting.removeFirst(), second))
    }
    return actions
  }

  private func lastMatchOfFirst(with index: Int) -> UInt64 {
    waiting[index].past.last(with: waiting[0].past) ?? 0
  }

  private mutating func dismissOverdue(at now: Int64) -> [Action] {
    let refusal = RoomRefusal.roomTime(seconds: limits.roomTime.relaySecondsText)
    var actions: [Action] = []
    while let first = waiting.first, first.joined + limits.roomTime.relayNanoseconds <= now {
      waiting.removeFirst()
      actions += dismiss(first, refusal)
    }
    return actions
  }

  // MARK: Messages

  private mutating func take(_ message: InboundMessage<Never>, from peer: Peer, at now: RelayInstant) -> [Action] {
    guard let index = waiting.firstIndex(where: { $0.peer == peer }) else { return [] }
    guard waiting[index].messages < limits.roomMessages else {
      return dismiss(waiting.remove(at: index), .roomMessages(limit: limits.roomMessages))
    }
    waiting[index].messages += 1
    switch message {
    case .ping: return [.send(.pong(unix: now.unix), to: peer)]
    case .refused(let why): return [.send(.error(why), to: peer)]
    }
  }

  private func dismiss(_ agent: Agent, _ refusal: RoomRefusal) -> [Action] {
    [.send(.error(refusal.description), to: agent.peer), .dismiss(agent, refusal.closeReason)]
  }
}
