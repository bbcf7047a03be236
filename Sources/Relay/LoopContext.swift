import NIOConcurrencyHelpers
import NIOCore

/// Something that lives on one event loop and is looked at regularly.
protocol LoopMember: AnyObject {
  /// Does what is due at `now`, in monotonic nanoseconds.
  func tick(at now: Int64)
  /// Ends the connection: with a word to the client if `gracefully`, otherwise at once.
  func stop(gracefully: Bool)
  /// The relay takes nobody new; who has nothing under way is sent away.
  func drain()
}

/// What the connections of one event loop share: one timer for all their deadlines, and one list of who has
/// something to flush. Timers and flushes per connection would cost memory and system calls for each of them.
///
/// Everything here happens on the event loop.
final class LoopContext {
  /// More than whoever looks at metrics needs, and little enough memory.
  private static let maximumOperationConnections = 16

  let metrics: RelayMetrics
  private let eventLoop: any EventLoop
  private let interval: TimeAmount
  private var members: [ObjectIdentifier: any LoopMember] = [:]
  private var ticker: RepeatedTask?
  /// Connections for metrics and health, which do not count as clients'.
  private var operationConnections = 0
  private var unflushed: [WebSocketHandler] = []
  private let traffic: NIOLockedValueBox<Traffic>
  /// What passed since it was last added to ``traffic``.
  private var messages = 0
  private var bytes = 0
  private var forwarded: [Int64] = []
  private var stopping: Bool?
  private var whenEmpty: EventLoopPromise<Void>?

  init(eventLoop: any EventLoop, limits: RelayLimits, metrics: RelayMetrics) {
    self.eventLoop = eventLoop
    self.metrics = metrics
    traffic = metrics.addLoop()
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

  /// Counts a connection for metrics and health in; `false`, and not counted, where there are very many.
  func enterOperation() -> Bool {
    guard operationConnections < Self.maximumOperationConnections else { return false }
    operationConnections += 1
    return true
  }

  func leaveOperation() {
    operationConnections -= 1
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

  /// Sends away who has nothing under way.
  func drain() {
    for member in Array(members.values) { member.drain() }
    flush()
  }

  // MARK: Counting

  /// Counts a message that was received.
  func received(bytes count: Int) {
    messages += 1
    bytes += count
  }

  /// Counts a message that is handed to the system with the next flush.
  /// - Parameter read: When it had been read whole, in monotonic nanoseconds.
  func forwards(messageRead read: Int64) {
    forwarded.append(read)
  }

  private func publish() {
    guard messages > 0 || !forwarded.isEmpty else { return }
    let now = forwarded.isEmpty ? 0 : RelayInstant.monotonicNow()
    traffic.withLockedValue { traffic in
      traffic.messages += messages
      traffic.bytes += bytes
      for read in forwarded { traffic.delays.add(nanoseconds: now - read) }
    }
    messages = 0
    bytes = 0
    forwarded.removeAll(keepingCapacity: true)
  }

  // MARK: Flushing

  /// Notes that `handler` wrote something; ``flush()`` follows.
  func willFlush(_ handler: WebSocketHandler) {
    unflushed.append(handler)
  }

  /// Sends what was written since the last time.
  func flush() {
    publish()
    while !unflushed.isEmpty {
      let handlers = unflushed
      unflushed.removeAll(keepingCapacity: true)
      for handler in handlers { handler.flush() }
    }
  }

  /// Does what is due at `now`, in monotonic nanoseconds.
  func tick(at now: Int64 = RelayInstant.monotonicNow()) {
    for member in Array(members.values) { member.tick(at: now) }
    flush()
  }
}
