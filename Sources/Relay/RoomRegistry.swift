/// All rooms of a relay: who may wait where, the tickets, and the sessions that matches lead to.
///
/// Pure state, like ``RoomMachine``: time, randomness and the opening of sessions are handed in. A room exists while
/// somebody waits in it.
struct RoomRegistry<Peer: Equatable & Sendable>: Sendable {
  typealias Machine = RoomMachine<Peer>
  /// Opens a session that counts for both addresses.
  typealias Opening = (_ first: AddressKey?, _ second: AddressKey?) -> Result<SessionTicket, MatchRefusal>

  enum Event: Sendable {
    /// A connection wants to be matched; it was matched before where it has a ticket.
    case join(Peer, ticket: RoomTicket?, from: AddressKey?)
    /// A connection is gone, or was closed.
    case leave(Peer)
    /// A whole message arrived.
    case message(InboundMessage<Never>, from: Peer)
  }

  enum Action: Sendable, Equatable {
    case send(OutboundMessage<Never>, to: Peer)
    case close(Peer, CloseReason)
    /// The agent was matched and has to close; close it where it does not do so soon.
    case awaitClose(of: Peer)
  }

  private struct Entry: Sendable {
    var machine: Machine
    /// The earliest time for which the room is queued.
    var queued = Int64.max
  }

  private let limits: RelayLimits
  private var rooms: [RoomName: Entry] = [:]
  private var waitingPerAddress = AddressTally()
  private var tickets: TicketBook
  private var arrivals: UInt64 = 0
  private var matches: UInt64 = 0
  private var deadlines = DeadlineQueue<RoomName>()

  init(limits: RelayLimits) {
    self.limits = limits
    tickets = TicketBook(lifetime: limits.roomTicketTime.relayNanoseconds, capacity: limits.roomTickets)
  }

  /// Agents that wait, in whatever rooms.
  private(set) var waitingAgents = 0

  /// Rooms in which somebody waits.
  var count: Int { rooms.count }

  /// Addresses that somebody waits from.
  var trackedAddresses: Int { waitingPerAddress.count }

  /// Entries in the queue of deadlines, some of which may be out of date.
  var queuedDeadlines: Int { deadlines.count }

  /// When ``handleDue(at:using:opening:)`` is wanted next, in monotonic nanoseconds.
  var nextDeadline: Int64? { deadlines.earliest }

  /// Takes in what happened in `room` and says what to do about it.
  mutating func handle(
    _ event: Event, in room: RoomName, at now: RelayInstant, using random: inout some RandomNumberGenerator,
    opening: Opening
  ) -> [Action] {
    switch event {
    case .join(let peer, let ticket, let address):
      let past = ticket.map { tickets.past(of: $0, in: room, at: now.uptime) } ?? PastMatches()
      arrivals += 1
      let agent = WaitingAgent(peer: peer, address: address, arrival: arrivals, joined: now.uptime, past: past)
      let refusal = refusal(of: address, in: room)
      count(agent)
      return advance(.join(agent, refusal: refusal), in: room, at: now, using: &random, opening: opening)
    case .leave(let peer): return advance(.leave(peer), in: room, at: now, using: &random, opening: opening)
    case .message(let message, let peer):
      return advance(.message(message, from: peer), in: room, at: now, using: &random, opening: opening)
    }
  }

  /// Does what is due in any room.
  mutating func handleDue(
    at now: RelayInstant, using random: inout some RandomNumberGenerator, opening: Opening
  ) -> [Action] {
    var actions: [Action] = []
    while let room = deadlines.popDue(at: now.uptime) {
      rooms[room]?.queued = .max
      actions += advance(.deadline, in: room, at: now, using: &random, opening: opening)
    }
    return actions
  }

  private func refusal(of address: AddressKey?, in room: RoomName) -> RoomRefusal? {
    if rooms[room] == nil, rooms.count >= limits.rooms { return .rooms(limit: limits.rooms) }
    if let address, waitingPerAddress[address] >= limits.roomAgentsPerAddress {
      return .roomAgentsPerAddress(limit: limits.roomAgentsPerAddress)
    }
    return nil
  }

  // MARK: One room

  private mutating func advance(
    _ event: Machine.Event, in room: RoomName, at now: RelayInstant, using random: inout some RandomNumberGenerator,
    opening: Opening
  ) -> [Action] {
    var entry = rooms.removeValue(forKey: room) ?? Entry(machine: Machine(limits: limits))
    var actions: [Action] = []
    var events = [event]
    while let event = events.popLast() {
      for action in entry.machine.handle(event, at: now) {
        switch action {
        case .send(let message, let peer): actions.append(.send(message, to: peer))
        case .dismiss(let agent, let reason):
          discount(agent)
          if let reason { actions.append(.close(agent.peer, reason)) }
        case .match(let first, let second):
          discount(first)
          discount(second)
          switch opening(first.address, second.address) {
          case .success(let session):
            actions += match(first, second, in: room, session: session, at: now, using: &random)
          case .failure(.first(let refusal)):
            actions += refuse(first, refusal)
            count(second)
            events.append(.resume(second))
          // Where it is nobody's fault, the one who came later is told.
          case .failure(.second(let refusal)), .failure(.relay(let refusal)):
            actions += refuse(second, refusal)
            count(first)
            events.append(.resume(first))
          }
        }
      }
    }
    keep(entry, as: room)
    return actions
  }

  private mutating func match(
    _ first: Machine.Agent, _ second: Machine.Agent, in room: RoomName, session: SessionTicket, at now: RelayInstant,
    using random: inout some RandomNumberGenerator
  ) -> [Action] {
    matches += 1
    var actions: [Action] = []
    for (agent, role) in [(first, Role.alice), (second, Role.bob)] {
      let ticket = tickets.issue(in: room, for: agent.past.adding(matches), at: now.uptime, using: &random)
      actions.append(.send(.matched(session, role, ticket), to: agent.peer))
      actions.append(.awaitClose(of: agent.peer))
    }
    return actions
  }

  private func refuse(_ agent: Machine.Agent, _ refusal: SessionRefusal) -> [Action] {
    let refusal = RoomRefusal.session(refusal)
    return [.send(.error(refusal.description), to: agent.peer), .close(agent.peer, refusal.closeReason)]
  }

  /// Puts a room back and has it looked at in time; one in which nobody waits is forgotten.
  private mutating func keep(_ entry: Entry, as room: RoomName) {
    if let deadline = entry.machine.nextDeadline {
      rooms[room] = entry
      if deadline < entry.queued {
        rooms[room]?.queued = deadline
        deadlines.insert(room, at: deadline)
      }
    }
    // What is queued for rooms that are empty again would pile up until its time.
    if deadlines.count > 2 * rooms.count + 1_024 { deadlines.keep { rooms[$0] != nil } }
  }

  // MARK: Addresses

  private mutating func count(_ agent: Machine.Agent) {
    waitingAgents += 1
    guard let address = agent.address else { return }
    waitingPerAddress.add(address)
  }

  private mutating func discount(_ agent: Machine.Agent) {
    waitingAgents -= 1
    guard let address = agent.address else { return }
    waitingPerAddress.remove(address)
  }
}
