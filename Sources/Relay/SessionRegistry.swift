/// Why no session could be opened.
enum SessionRefusal: Error, Equatable, Sendable, CustomStringConvertible {
  /// The address opened as many as it may in an hour.
  case addressQuota(limit: Int, retryAfterSeconds: Int64)
  /// As many are open as the relay holds.
  case tooManyOpen(limit: Int)
  /// The random source keeps repeating itself.
  case noFreshCode

  /// What happened, what to do.
  var description: String {
    switch self {
    case .addressQuota(let limit, let seconds):
      "no session opened: \(limit) an hour from one address (limit sessionsPerAddressHour); try again in \(seconds) s"
    case .tooManyOpen(let limit):
      "no session opened: \(limit) are open (limit openSessions); try again later"
    case .noFreshCode:
      "no session opened: the random source gives no fresh code; try again, and check the machine's random source"
    }
  }
}

/// Why two agents that were matched get no session, and whose fault that is.
enum MatchRefusal: Error, Equatable, Sendable {
  /// The address of the first may open no more.
  case first(SessionRefusal)
  /// The address of the second may open no more.
  case second(SessionRefusal)
  /// The relay can open none for anybody.
  case relay(SessionRefusal)
}

/// All sessions of a relay by their codes, who may open more, and which need a look at what time.
///
/// Pure state, like ``SessionMachine``: time and randomness are handed in. `Handle` is whatever stands for a session.
struct SessionRegistry<Handle: Sendable>: Sendable {
  private struct Entry: Sendable {
    let handle: Handle
    let expires: Int64
    /// The earliest time for which the code is queued.
    var queued: Int64
  }

  private let limits: RelayLimits
  private let shard: ShardLabel?
  private var entries: [SessionCode: Entry] = [:]
  private var used = UsedCodes()
  private var quota: AddressQuota
  private var deadlines = DeadlineQueue<SessionCode>()

  init(limits: RelayLimits, shard: ShardLabel? = nil) {
    self.limits = limits
    self.shard = shard
    quota = AddressQuota(limit: limits.sessionsPerAddressHour)
  }

  /// Sessions alive.
  var count: Int { entries.count }

  /// Entries in the queue of deadlines, some of which may be out of date.
  var queuedDeadlines: Int { deadlines.count }

  /// When ``due(at:)`` should be asked next, in monotonic nanoseconds.
  var nextDeadline: Int64? { deadlines.earliest }

  /// Opens a session.
  /// - Parameters:
  ///   - address: Who asks; `nil` where the transport has no addresses.
  ///   - random: The source of code and identifier.
  ///   - make: Makes the handle that is kept under the code.
  mutating func open(
    from address: AddressKey?, at now: RelayInstant, using random: inout some RandomNumberGenerator,
    make: (SessionTicket) -> Handle
  ) throws(SessionRefusal) -> (ticket: SessionTicket, handle: Handle) {
    guard entries.count < limits.openSessions else { throw .tooManyOpen(limit: limits.openSessions) }
    if let refusal = quotaRefusal(of: address, at: now) { throw refusal }
    if let address { _ = quota.admit(address, at: now.uptime) }
    return try create(at: now, using: &random, make: make)
  }

  /// Opens a session for two agents that were matched. It counts for the addresses of both; once where they are one.
  mutating func open(
    from first: AddressKey?, and second: AddressKey?, at now: RelayInstant,
    using random: inout some RandomNumberGenerator, make: (SessionTicket) -> Handle
  ) throws(MatchRefusal) -> (ticket: SessionTicket, handle: Handle) {
    guard entries.count < limits.openSessions else { throw .relay(.tooManyOpen(limit: limits.openSessions)) }
    if let refusal = quotaRefusal(of: first, at: now) { throw .first(refusal) }
    if let refusal = quotaRefusal(of: second, at: now) { throw .second(refusal) }
    for address in Set([first, second].compactMap { $0 }) { _ = quota.admit(address, at: now.uptime) }
    do throws(SessionRefusal) {
      return try create(at: now, using: &random, make: make)
    } catch {
      throw .relay(error)
    }
  }

  private func quotaRefusal(of address: AddressKey?, at now: RelayInstant) -> SessionRefusal? {
    guard let address, let wait = quota.wait(of: address, at: now.uptime) else { return nil }
    return .addressQuota(
      limit: limits.sessionsPerAddressHour, retryAfterSeconds: (wait + 999_999_999) / 1_000_000_000)
  }

  private mutating func create(
    at now: RelayInstant, using random: inout some RandomNumberGenerator, make: (SessionTicket) -> Handle
  ) throws(SessionRefusal) -> (ticket: SessionTicket, handle: Handle) {
    let code = try freshCode(using: &random)
    var identifier: [UInt8] = []
    for _ in 0..<2 { withUnsafeBytes(of: random.next()) { identifier.append(contentsOf: $0) } }
    let ticket = SessionTicket(
      code: code, identifier: identifier, created: now,
      expires: now.advanced(byNanoseconds: limits.sessionTime.relayNanoseconds))
    let handle = make(ticket)
    entries[code] = Entry(handle: handle, expires: ticket.expires.uptime, queued: ticket.expires.uptime)
    used.insert(code)
    deadlines.insert(code, at: ticket.expires.uptime)
    return (ticket, handle)
  }

  private func freshCode(using random: inout some RandomNumberGenerator) throws(SessionRefusal) -> SessionCode {
    for _ in 0..<1_000 {
      let code = SessionCode.random(of: shard, using: &random)
      if !used.contains(code) { return code }
    }
    throw .noFreshCode
  }

  /// The session with this code. Text that is no code, a code never given out and one whose session is over are the
  /// same: nothing is found, by the same look-up.
  func find(_ text: String, at now: RelayInstant) -> Handle? {
    guard let code = SessionCode(text), let entry = entries[code], now.uptime < entry.expires else { return nil }
    return entry.handle
  }

  /// Forgets a session for good.
  mutating func remove(_ code: SessionCode) {
    entries[code] = nil
    // What is queued for sessions that ended early would pile up until their full time.
    if deadlines.count > 2 * entries.count + 1_024 {
      deadlines.keep { entries[$0] != nil }
    }
  }

  /// Asks for a look at a session at `deadline`, in monotonic nanoseconds.
  mutating func watch(_ code: SessionCode, until deadline: Int64) {
    guard let entry = entries[code], deadline < entry.queued else { return }
    entries[code]?.queued = deadline
    deadlines.insert(code, at: deadline)
  }

  /// The sessions whose deadlines have come. After handling each, ask ``watch(_:until:)`` for its next.
  mutating func due(at now: RelayInstant) -> [Handle] {
    var due: [Handle] = []
    while let code = deadlines.popDue(at: now.uptime) {
      guard let entry = entries[code] else { continue }
      entries[code]?.queued = .max
      due.append(entry.handle)
    }
    return due
  }
}
