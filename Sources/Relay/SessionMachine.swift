/// The life of one session: two seats, what waits for an empty one, and what may still be spent.
///
/// Pure state: events and the time go in, actions come out, and the caller carries them out in order. `Peer` is
/// whatever stands for a connection.
///
/// ```
///            join                 join (other role)
///  created ───────▶ one present ◀──────────────────▶ both present
///     │                 │           leave                  │
///     │ sessionTime     │ aloneTime, sessionTime,          │ bye, sessionTime,
///     ▼                 ▼ bye, leave (both had joined)     ▼ message or byte budget
///   ended ◀────────── ended ◀──────────────────────────── ended          (for good)
/// ```
struct SessionMachine<Peer: Equatable & Sendable, Text: Sendable>: Sendable {
  enum Event: Sendable {
    /// A connection wants a seat.
    case join(Peer, Role)
    /// A connection is gone, or was closed.
    case leave(Peer)
    /// A whole message of `bytes` bytes arrived, of any kind, readable or not.
    case message(InboundMessage<Text>, bytes: Int, from: Peer)
    /// The time that ``nextDeadline`` asked for may have come.
    case deadline
  }

  enum Action: Sendable {
    case send(OutboundMessage<Text>, to: Peer)
    case close(Peer, CloseReason)
    /// So many messages do not reach the other side.
    case dropped(Int, RelayMetrics.Drop)
    /// The session is over; forget it. Always the last action.
    case ended
  }

  private struct Seat: Sendable {
    var peer: Peer?
    var everTaken = false
    var committed = false
    /// Messages that wait for this seat to be taken.
    var kept: [Text] = []
    var keptBytes = 0
  }

  private enum End {
    case bye
    case bothLeft
    case sessionTime
    case aloneTime
    case messages
    case bytes
  }

  let ticket: SessionTicket
  private let limits: RelayLimits
  private var alice = Seat()
  private var bob = Seat()
  private var messages = 0
  private var bytes = 0
  private var aloneSince: Int64?
  private(set) var hasEnded = false

  init(ticket: SessionTicket, limits: RelayLimits) {
    self.ticket = ticket
    self.limits = limits
  }

  /// When ``Event/deadline`` is wanted, in monotonic nanoseconds; `nil` after the end.
  var nextDeadline: Int64? {
    if hasEnded { return nil }
    guard let aloneDeadline else { return ticket.expires.uptime }
    return min(aloneDeadline, ticket.expires.uptime)
  }

  private var aloneDeadline: Int64? { aloneSince.map { $0 + limits.aloneTime.relayNanoseconds } }

  /// The public state, or `nil` once the session is over at `now`.
  func snapshot(at now: RelayInstant) -> SessionSnapshot? {
    guard !hasEnded, now.uptime < ticket.expires.uptime else { return nil }
    return SessionSnapshot(
      ticket: ticket, alicePresent: alice.peer != nil, bobPresent: bob.peer != nil,
      aliceCommitted: alice.committed, bobCommitted: bob.committed)
  }

  /// Takes in one event and says what to do about it.
  mutating func handle(_ event: Event, at now: RelayInstant) -> [Action] {
    if hasEnded { return refuseAfterEnd(event) }
    // Time comes first: a timer that fires late must not let anything pass.
    if let end = dueEnd(at: now.uptime) {
      return self.end(end) + refuseAfterEnd(event)
    }
    switch event {
    case .join(let peer, let role): return join(peer, as: role, at: now)
    case .leave(let peer): return leave(peer, at: now)
    case .message(let message, let bytes, let peer): return take(message, bytes: bytes, from: peer, at: now)
    case .deadline: return []
    }
  }

  // MARK: Joining and leaving

  private mutating func join(_ peer: Peer, as role: Role, at now: RelayInstant) -> [Action] {
    guard self[role].peer == nil else {
      return [
        .send(
          .error("role \(role.rawValue) is taken in this session: join as the other role, or when it has left"),
          to: peer),
        .close(peer, CloseReason(code: CloseReason.policy, text: "role taken")),
      ]
    }
    self[role].peer = peer
    self[role].everTaken = true
    noteWhetherAlone(at: now)
    var actions: [Action] = [.send(.hello(ticket, role), to: peer)]
    if let other = self[role.other].peer { actions.append(.send(.peerJoined(role), to: other)) }
    actions += self[role].kept.map { .send(.relay($0), to: peer) }
    self[role].kept = []
    self[role].keptBytes = 0
    return actions
  }

  private mutating func leave(_ peer: Peer, at now: RelayInstant) -> [Action] {
    guard let role = role(of: peer) else { return [] }
    self[role].peer = nil
    noteWhetherAlone(at: now)
    if let other = self[role.other].peer { return [.send(.peerLeft(role), to: other)] }
    return self[role.other].everTaken ? end(.bothLeft) : []
  }

  /// The time alone runs from the moment a joined session lacks a side until both are there; a side that leaves and
  /// returns does not set it back.
  private mutating func noteWhetherAlone(at now: RelayInstant) {
    if alice.peer != nil, bob.peer != nil {
      aloneSince = nil
    } else if aloneSince == nil {
      aloneSince = now.uptime
    }
  }

  // MARK: Messages

  private mutating func take(
    _ message: InboundMessage<Text>, bytes size: Int, from peer: Peer, at now: RelayInstant
  ) -> [Action] {
    guard let role = role(of: peer) else { return [] }
    guard messages < limits.sessionMessages else { return end(.messages) }
    guard size <= limits.sessionBytes - bytes else { return end(.bytes) }
    messages += 1
    bytes += size
    switch message {
    case .ping: return [.send(.pong(unix: now.unix), to: peer)]
    case .refused(let why): return [.send(.error(why), to: peer)]
    case .forward(let text): return forward(text, bytes: size, from: peer, as: role)
    case .commit(let text):
      self[role].committed = true
      return forward(text, bytes: size, from: peer, as: role)
    case .bye(let text):
      let last = self[role.other].peer.map { [Action.send(.relay(text), to: $0)] } ?? []
      return last + end(.bye)
    }
  }

  private mutating func forward(_ text: Text, bytes size: Int, from peer: Peer, as role: Role) -> [Action] {
    if let other = self[role.other].peer { return [.send(.relay(text), to: other)] }
    guard self[role.other].kept.count < limits.keptMessages else {
      return drop(.keptMessages, "\(limits.keptMessages) messages", of: peer)
    }
    guard size <= limits.keptBytes - self[role.other].keptBytes else {
      return drop(.keptBytes, "\(limits.keptBytes) bytes", of: peer)
    }
    self[role.other].kept.append(text)
    self[role.other].keptBytes += size
    return []
  }

  private func drop(_ limit: RelayMetrics.Drop, _ bound: String, of peer: Peer) -> [Action] {
    let error =
      "message not kept and not delivered: the other side is absent and no more than \(bound) wait for it "
      + "(limit \(limit.rawValue)); send it again after peer_joined"
    return [.send(.error(error), to: peer), .dropped(1, limit)]
  }

  // MARK: The end

  private func dueEnd(at now: Int64) -> End? {
    if now >= ticket.expires.uptime { return .sessionTime }
    if let aloneDeadline, now >= aloneDeadline { return .aloneTime }
    return nil
  }

  private mutating func end(_ cause: End) -> [Action] {
    hasEnded = true
    var actions: [Action] = []
    let (code, reason, error) = explanation(of: cause)
    for role in Role.allCases {
      guard let peer = self[role].peer else { continue }
      let undelivered = self[role.other].kept.count
      let lost = undelivered == 0 ? nil : "\(undelivered) kept messages were never delivered: the other side was absent"
      if let text = [error, lost].compactMap({ $0 }).nonEmptyJoined(separator: "; ") {
        actions.append(.send(.error(text), to: peer))
      }
      actions.append(.close(peer, CloseReason(code: code, text: reason)))
    }
    let undelivered = alice.kept.count + bob.kept.count
    if undelivered > 0 { actions.append(.dropped(undelivered, .undelivered)) }
    alice = Seat()
    bob = Seat()
    actions.append(.ended)
    return actions
  }

  private func explanation(of cause: End) -> (code: UInt16, reason: String, error: String?) {
    switch cause {
    case .bye: return (CloseReason.normal, "session ended by bye", nil)
    case .bothLeft: return (CloseReason.normal, "both sides have left", nil)
    case .sessionTime:
      let time = limits.sessionTime.relaySecondsText
      return limitReached("sessionTime", "its \(time) s are up", "sessions are short: open a new one")
    case .aloneTime:
      let time = limits.aloneTime.relaySecondsText
      return limitReached("aloneTime", "a side was missing for \(time) s", "open a new one when both are ready")
    case .messages:
      return limitReached("sessionMessages", "more than \(limits.sessionMessages) messages", "open a new one")
    case .bytes:
      return limitReached("sessionBytes", "more than \(limits.sessionBytes) bytes of messages", "open a new one")
    }
  }

  private func limitReached(_ name: String, _ what: String, _ remedy: String) -> (UInt16, String, String?) {
    (CloseReason.policy, "session ended: limit \(name)", "session ended: \(what) (limit \(name)); \(remedy)")
  }

  /// Whoever comes too late is told so; whatever else happens after the end means nothing.
  private func refuseAfterEnd(_ event: Event) -> [Action] {
    guard case .join(let peer, _) = event else { return [] }
    return [
      .send(.error("session has ended: open a new one"), to: peer),
      .close(peer, CloseReason(code: CloseReason.policy, text: "session has ended")),
    ]
  }

  // MARK: Seats

  private func role(of peer: Peer) -> Role? {
    if alice.peer == peer { return .alice }
    if bob.peer == peer { return .bob }
    return nil
  }

  private subscript(_ role: Role) -> Seat {
    get { role == .alice ? alice : bob }
    _modify {
      if role == .alice { yield &alice } else { yield &bob }
    }
  }
}

extension SessionMachine.Action: Equatable where Text: Equatable {}

extension [String] {
  fileprivate func nonEmptyJoined(separator: String) -> String? {
    isEmpty ? nil : joined(separator: separator)
  }
}
