import NIOCore

/// Something that lives on one event loop and is looked at regularly.
protocol LoopMember: AnyObject {
  /// Does what is due at `now`, in monotonic nanoseconds.
  func tick(at now: Int64)
  /// Ends the connection: with a word to the client if `gracefully`, otherwise at once.
  func stop(gracefully: Bool)
}

/// What the connections of one event loop share: one timer for all their deadlines, and one list of who has
/// something to flush. Timers and flushes per connection would cost memory and system calls for each of them.
///
/// Everything here happens on the event loop.
final class LoopContext {
  private let eventLoop: any EventLoop
  private let interval: TimeAmount
  private var members: [ObjectIdentifier: any LoopMember] = [:]
  private var ticker: RepeatedTask?
  private var unflushed: [WebSocketHandler] = []
  private var stopping: Bool?
  private var whenEmpty: EventLoopPromise<Void>?

  init(eventLoop: any EventLoop, limits: RelayLimits) {
    self.eventLoop = eventLoop
    let shortest = [limits.pingInterval, limits.requestTime, limits.closeTime].map(\.relayNanoseconds).min() ?? 0
    interval = .nanoseconds(min(max(shortest / 4, 5_000_000), 1_000_000_000))
  }

  /// Looks at `member` from now on.
  func add(_ member: any LoopMember) {
    members[ObjectIdentifier(member)] = member
    if ticker == nil {
      let bound = NIOLoopBound(self, eventLoop: eventLoop)
      ticker = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in bound.value.tick() }
    }
    if let stopping { member.stop(gracefully: stopping) }
  }

  /// Looks at `member` no more.
  func remove(_ member: any LoopMember) {
    members[ObjectIdentifier(member)] = nil
    if members.isEmpty {
      ticker?.cancel()
      ticker = nil
      whenEmpty?.succeed()
      whenEmpty = nil
    }
  }

  /// Ends every connection, and every one that comes later.
  /// - Returns: completes when none is left.
  func stop(gracefully: Bool) -> EventLoopFuture<Void> {
    stopping = gracefully
    let promise = eventLoop.makePromise(of: Void.self)
    whenEmpty = promise
    for member in Array(members.values) { member.stop(gracefully: gracefully) }
    flush()
    if members.isEmpty {
      whenEmpty = nil
      promise.succeed()
    }
    return promise.futureResult
  }

  /// Notes that `handler` wrote something; ``flush()`` follows.
  func willFlush(_ handler: WebSocketHandler) {
    unflushed.append(handler)
  }

  /// Sends what was written since the last time.
  func flush() {
    while !unflushed.isEmpty {
      let handlers = unflushed
      unflushed.removeAll(keepingCapacity: true)
      for handler in handlers { handler.flush() }
    }
  }

  private func tick() {
    let now = RelayInstant.monotonicNow()
    for member in Array(members.values) { member.tick(at: now) }
    flush()
  }
}
