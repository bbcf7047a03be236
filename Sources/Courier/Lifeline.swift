import Foundation
import RelayLink
import SecureChannel
public import Transfer

/// A ``ResumableStream`` between two boards over as many sessions at the relay as it takes.
///
/// One task uses the sessions one after the other; the program reads and writes. Whoever runs on this actor may block it
/// for as long as a disk takes: the link has a thread of its own, and what arrives meanwhile is bounded by the window.
///
/// ```
///   meeting ──▶ in a session ──complete──▶ over
///     ▲             │ lost: back to the room, until `patience` has passed without progress ──▶ failed
///     └─────────────┤
///                   └ spent: the initiator makes another session and says so; both go there
/// ```
public actor Lifeline {
  /// How long connections are tried again without anything coming through.
  public static let standardPatience = Duration.seconds(120)
  /// A session that lasts longer was no accident.
  private static let lastingTime = Duration.seconds(30)
  /// Packets that are handed to the link together: every time wakes a thread.
  static let packetsAtOnce = 3
  /// How often somebody may come who is not the peer.
  private static let maximumStrangers = 20

  private let acquaintances: [Acquaintance]
  private let relay: RelayAccess
  private let patience: Duration
  private let tell: @Sendable (CourierNotice) -> Void

  var stream: ResumableStream
  private var index = 0
  private var budget = SessionBudget()
  private var link: RelayConnection?
  private var transport: Transport?
  private var began = ContinuousClock.now
  /// Whether the next session is asked for, or there.
  private var isPreparing = false
  private var preparedCode: String?
  /// The session that both sides go on in, once that is said.
  private var nextCode: String?
  /// Since when sessions break without anything coming through.
  private var stuckSince: ContinuousClock.Instant?
  private var progressMark: UInt64 = 0
  private var failure: (any Error)?
  private var hasPeerLeft = false
  private var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
  private var nextWaiter: UInt64 = 0
  private var runner: Task<Void, Never>?
  /// Whether all of a pipe's input was written.
  var isForwarded = false
  /// How many sessions were used.
  private(set) public var sessionCount = 0

  /// A lifeline to one of several boards; nothing is done yet.
  ///
  /// - Parameters:
  ///   - acquaintances: whom to wait for, all at once; whoever comes first it is.
  ///   - patience: how long connections are tried again without anything coming through.
  ///   - tell: called on threads of Swift's pool; must not block.
  public init(
    to acquaintances: [Acquaintance], at relay: RelayAccess, patience: Duration = standardPatience,
    tell: @escaping @Sendable (CourierNotice) -> Void
  ) throws(TransferError) {
    self.acquaintances = acquaintances
    self.relay = relay
    self.patience = patience
    self.tell = tell
    stream = try ResumableStream.fresh()
  }

  deinit { runner?.cancel() }

  /// Waits for the other board, and begins.
  ///
  /// - Parameter time: how long; `nil` for ever.
  /// - Returns: which of the acquaintances it is.
  public func open(waiting time: Duration?) async throws -> Int {
    let meeting = try await withDeadline(time) { [self] in try await meet(acquaintances, isFirst: true) }
    guard let meeting else { throw CourierError.nobodyCame(seconds: Int(time?.components.seconds ?? 0)) }
    index = meeting.index
    tell(.met(index: index))
    runner = Task { await run(from: meeting) }
    return index
  }

  // MARK: The program's side

  /// What has arrived; waits for something. `nil` at the end of the other side's data.
  public func read() async throws -> [ArraySlice<UInt8>]? {
    while true {
      var pieces: [ArraySlice<UInt8>] = []
      while let piece = stream.read() { pieces.append(piece) }
      if !pieces.isEmpty {
        flush()
        return pieces
      }
      if stream.isEndReached { return nil }
      try await change()
    }
  }

  /// Sends bytes; waits until there is room for them.
  ///
  /// - Parameter bytes: at best a multiple of ``ResumableStream/maximumChunk`` of them.
  public func write(_ bytes: [UInt8]) async throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let room = stream.room
      guard room >= min(rest.count, ResumableStream.maximumChunk) else {
        flush()
        try await change()
        continue
      }
      let piece = rest.prefix(min(room, ResumableStream.maximumChunk))
      stream.write(Array(piece))
      rest = rest.dropFirst(piece.count)
    }
    flush()
  }

  /// Ends this side's data.
  public func finish() {
    stream.finish()
    flush()
  }

  /// Waits until the other side has all and knows that this one has, but no longer than that is of use, and leaves.
  public func leave(within time: Duration) async {
    let isInitiator = acquaintances[index].role == .initiator
    _ = try? await withDeadline(time) { [self] in
      while await !isOver(untilPeerLeft: isInitiator) { try await change() }
    }
    runner?.cancel()
    await link?.close()
  }

  /// Waits until the other side has all that was written and knows that it is all, or has left, but no longer than that.
  func settle(within time: Duration) async {
    _ = try? await withDeadline(time) { [self] in
      while await !isSettled { try await change() }
    }
  }

  private var isSettled: Bool { failure != nil || hasPeerLeft || stream.isEndConfirmed }

  /// Gives up, and tells the other side why if it is there.
  public func abandon(_ reason: String) async {
    if let link, let transport, let packet = try? transport.encrypt(ResumableStream.farewell(reason)) {
      try? link.send(packet: packet)
    }
    await link?.close()
    fail(CancellationError())
    runner?.cancel()
  }

  private func isOver(untilPeerLeft: Bool) -> Bool {
    failure != nil || (stream.isComplete && (hasPeerLeft || !untilPeerLeft))
  }

  // MARK: Waiting

  /// Returns when something has changed since the caller last looked; throws what the lifeline failed for.
  func change() async throws {
    if let failure { throw failure }
    try Task.checkCancellation()
    nextWaiter += 1
    let number = nextWaiter
    await withTaskCancellationHandler {
      await withCheckedContinuation { waiters[number] = $0 }
    } onCancel: {
      Task { await self.wake(number) }
    }
    try Task.checkCancellation()
  }

  private func wake(_ number: UInt64) { waiters.removeValue(forKey: number)?.resume() }

  func noteChange() { wakeAll() }

  private func wakeAll() {
    guard !waiters.isEmpty else { return }
    let all = waiters
    waiters = [:]
    for waiter in all.values { waiter.resume() }
  }

  private func fail(_ error: any Error) {
    if failure == nil { failure = error }
    wakeAll()
  }

  // MARK: Sessions

  private enum Ending {
    case lost(String)
    case next(code: String)
    case over
  }

  private func run(from first: Meeting) async {
    var meeting = first
    do {
      while true {
        switch try await use(meeting) {
        case .over: return wakeAll()
        case .lost(let reason):
          // What ends with a complete stream needs no other session.
          if stream.isComplete { return wakeAll() }
          let isLimit = budget.sessionEnded(saying: reason)
          if !isLimit { tell(.interrupted(reason)) }
          meeting = try await meetAgain(after: reason)
          if !isLimit { tell(.resumed) }
        case .next(let code):
          let role: RelayRole = acquaintances[index].role == .initiator ? .alice : .bob
          let next = try? await Meeting.inSession(
            code, as: role, with: acquaintances[index], index: index, at: relay, within: Meeting.nextSessionTime)
          if let next {
            meeting = next
          } else {
            let reason = "the next session did not begin"
            tell(.interrupted(reason))
            meeting = try await meetAgain(after: reason)
            tell(.resumed)
          }
        }
      }
    } catch {
      fail(error)
    }
  }

  private func meetAgain(after reason: String) async throws -> Meeting {
    // A pipe may be silent for hours: a session that lasted is as good as one that carried something.
    if ContinuousClock.now - began > Self.lastingTime { stuckSince = nil }
    let since = stuckSince ?? .now
    stuckSince = since
    let left = patience - (.now - since)
    let again = [acquaintances[index]]
    guard left > .zero,
      let meeting = try await withDeadline(left, { [self] in try await meet(again, isFirst: false) })
    else { throw CourierError.lost(seconds: Int(patience.components.seconds), reason) }
    return Meeting(index: index, link: meeting.link, transport: meeting.transport)
  }

  /// Waits in rooms until the peer has come; goes back there after whatever else happens.
  private func meet(_ acquaintances: [Acquaintance], isFirst: Bool) async throws -> Meeting {
    var tickets: [String: String] = [:]
    var pause = Duration.milliseconds(100)
    var strangers = 0
    var isReached = !isFirst
    if isFirst { tell(.waiting) }
    while true {
      do {
        if let meeting = try await Meeting.inRooms(of: acquaintances, at: relay, tickets: &tickets, joined: {}) {
          return meeting
        }
        strangers += 1
        guard strangers < Self.maximumStrangers else { throw CourierError.strangers(attempts: strangers) }
        isReached = true
      } catch let error as RelayLinkError {
        try Task.checkCancellation()
        if error.isFinal || (!isReached && error.saysUnreachable) { throw CourierError.relay(error) }
        switch error {
        case .closedWhileJoining(_, let reason) where reason.contains("roomTime"):
          isReached = true
          continue
        case .tooManySessions:
          tell(.relayIsBusy("\(error)"))
          pause = max(pause, .seconds(2))
        case .closedWhileJoining(_, let reason) where reason.contains("sessionsPerAddressHour"):
          tell(.relayIsBusy(reason))
          pause = max(pause, .seconds(5))
        default: break
        }
      }
      try await Task.sleep(for: pause)
      pause = min(pause * 2, .seconds(5))
    }
  }

  /// Uses a session until it ends.
  private func use(_ meeting: Meeting) async throws -> Ending {
    link = meeting.link
    transport = meeting.transport
    sessionCount += 1
    (isPreparing, preparedCode, nextCode) = (false, nil, nil)
    hasPeerLeft = false
    began = .now
    budget.begin()
    stream.sessionBegan()
    flush()
    var reason = "the other board left"
    var ending: Ending?
    session: while ending == nil {
      // All at once: a change of tasks for each packet would take as long as the packet.
      let events = await meeting.link.waitingEvents()
      guard !events.isEmpty else { break }
      for event in events {
        switch event {
        case .packet(let packet):
          do throws(TransferError) {
            try take(packet)
          } catch {
            await meeting.link.close()
            // Somebody who waits for another process: one of the two begins anew, and they meet again.
            guard error == .unknownToPeer, !stream.hasMet else { throw CourierError.transfer(error) }
            ending = .lost("\(error)")
            break session
          }
          if let nextCode { ending = .next(code: nextCode) }
        case .peerLeft, .peerBye:
          hasPeerLeft = true
          break session
        case .relayError(let text): reason = "the relay says: \(text)"
        case .closed(let closure):
          if case .byUs = closure { break session }
          if reason.hasPrefix("the other board") { reason = "\(closure)" }
          break session
        case .peerJoined, .protocolViolation: continue
        }
      }
      flush()
      wakeAll()
    }
    wakeAll()
    stream.sessionEnded()
    link = nil
    transport = nil
    hasPeerLeft = true
    await meeting.link.close()
    try Task.checkCancellation()
    if let nextCode { return .next(code: nextCode) }
    return ending ?? (stream.isComplete ? .over : .lost(reason))
  }

  private func take(_ packet: [UInt8]) throws(TransferError) {
    guard let transport else { return }
    budget.count(packet: packet.count)
    let frame: [UInt8]
    do { frame = try transport.decrypt(packet) } catch { throw .noise(error) }
    if case .next(let code)? = try stream.take(frame) { nextCode = code }
    let mark = stream.confirmedCount &+ stream.receivedCount
    if mark != progressMark {
      progressMark = mark
      stuckSince = nil
    }
  }

  /// Sends what may be sent, and moves on to another session in time.
  private func flush() {
    sendFrames()
    moveOnIfDue()
  }

  private func sendFrames() {
    guard let link, let transport else { return }
    do {
      var packets: [[UInt8]] = []
      // What no longer fits into this session waits for the next.
      while !isDueToMove || nextCode != nil || !isPreparing, let frame = stream.nextFrame() {
        let packet = try transport.encrypt(frame)
        budget.count(packet: packet.count)
        packets.append(packet)
        guard packets.count == Self.packetsAtOnce else { continue }
        try link.send(packets: packets)
        packets.removeAll(keepingCapacity: true)
      }
      if !packets.isEmpty { try link.send(packets: packets) }
    } catch {
      // The session is of no more use: a packet of it is missing. Its end arrives as an event.
      self.transport = nil
      Task { await link.close() }
    }
  }

  private var age: Double { Double((ContinuousClock.now - began).components.seconds) }

  /// Whether this side, the initiator, is to make the next session and has not said so yet.
  private var isDueToMove: Bool {
    acquaintances[index].role == .initiator && stream.hasMet && budget.isSpent(afterSeconds: age)
  }

  /// Makes the next session when a part of this one is used up, so that it is there in time, and goes on to it when all is;
  /// the initiator's task.
  private func moveOnIfDue() {
    guard acquaintances[index].role == .initiator, stream.hasMet, let link else { return }
    if preparedCode == nil, !isPreparing, budget.isHalfSpent(afterSeconds: age) {
      isPreparing = true
      Task {
        let session = try? await createSession(at: relay.endpoint, options: relay.options)
        guard self.link === link else { return }
        preparedCode = session?.sessionCode
        isPreparing = preparedCode != nil
        flush()
      }
    }
    if isDueToMove, nextCode == nil, let code = preparedCode {
      nextCode = code
      stream.announceNext(code: code)
      sendFrames()
      Task { await link.close() }
    }
  }
}

/// Runs something for a time at most; `nil` where it took longer.
func withDeadline<Value: Sendable>(
  _ time: Duration?, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value? {
  try await withThrowingTaskGroup(of: Value?.self) { group in
    group.addTask { try await body() }
    if let time {
      group.addTask {
        try await Task.sleep(for: time)
        return nil
      }
    }
    defer { group.cancelAll() }
    return try await group.next() ?? nil
  }
}
