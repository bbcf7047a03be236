import NIOCore

/// What the connections of a server share on its event loop: the state, and the list of them.
///
/// A server has one event loop: a sensor's data is little, and so there is nothing to lock.
final class ReplayHost {
  var state: ReplayState
  private let observer: @Sendable (ReplayNotice) -> Void
  private var connections: [ObjectIdentifier: ConnectionHandler] = [:]
  private var ticker: RepeatedTask?
  private var isStopping = false

  init(state: ReplayState, observer: @escaping @Sendable (ReplayNotice) -> Void) {
    self.state = state
    self.observer = observer
  }

  /// Whether one more connection may come.
  var hasRoom: Bool { !isStopping && connections.count < state.limits.connections }

  /// A connection has come.
  func add(_ connection: ConnectionHandler, on eventLoop: any EventLoop) {
    connections[ObjectIdentifier(connection)] = connection
    if ticker == nil {
      let bound = NIOLoopBound(self, eventLoop: eventLoop)
      ticker = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
        let now = TimestampClock.monotonic.now()
        for connection in Array(bound.value.connections.values) { connection.tick(at: now) }
      }
    }
  }

  /// A connection has gone.
  func remove(_ connection: ConnectionHandler) {
    connections[ObjectIdentifier(connection)] = nil
    if connections.isEmpty {
      ticker?.cancel()
      ticker = nil
    }
  }

  /// Closes every connection.
  func stop() {
    isStopping = true
    for connection in Array(connections.values) { connection.close() }
  }

  /// Tells whoever watches what has happened.
  func report() {
    let notices = state.notices
    state.notices = []
    for notice in notices { observer(notice) }
  }
}
