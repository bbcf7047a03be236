import Logging
import NIOConcurrencyHelpers
import NIOCore

/// What every connection needs and all share.
final class RelayServices: Sendable {
  let limits: RelayLimits
  let logger: Logger
  let store: SessionStore
  let rooms: RoomStore
  private let loops: [ObjectIdentifier: NIOLoopBound<LoopContext>]
  private let openConnections = NIOLockedValueBox(0)

  init(limits: RelayLimits, logger: Logger, store: SessionStore, rooms: RoomStore, loops: [NIOLoopBound<LoopContext>]) {
    self.limits = limits
    self.logger = logger
    self.store = store
    self.rooms = rooms
    self.loops = Dictionary(loops.map { (ObjectIdentifier($0.eventLoop), $0) }) { first, _ in first }
  }

  /// What the connections of `eventLoop` share; to be called on it.
  func context(of eventLoop: any EventLoop) -> LoopContext? {
    loops[ObjectIdentifier(eventLoop)]?.value
  }

  /// Counts a connection in; `false`, and not counted, where there are too many.
  func admitConnection() -> Bool {
    openConnections.withLockedValue { count in
      guard count < limits.openConnections else { return false }
      count += 1
      return true
    }
  }

  /// Counts a connection out that ``admitConnection()`` let in.
  func releaseConnection() {
    openConnections.withLockedValue { $0 -= 1 }
  }
}
