import NIOConcurrencyHelpers

/// Counts what happens in a relay, but for what passes through it all the time, which each event loop counts for itself.
///
/// What is counted has a place and a cause, never a client.
final class RelayMetrics: Sendable {
  /// Why messages did not arrive at the other side.
  enum Drop: String, Sendable, CaseIterable {
    /// The other side was absent, and as many messages waited for it as may.
    case keptMessages
    /// The other side was absent, and as many bytes waited for it as may.
    case keptBytes
    /// They were kept, but the session ended before the other side came.
    case undelivered
    /// They were none that can be forwarded.
    case unreadable
  }

  struct Events: Sendable {
    var connections = 0
    var handshakeFailures = 0
    var sessions = 0
    var matches = 0
    var drops: [Drop: Int] = [:]
    var refusals: [String: Int] = [:]
    var closes: [CloseReason: Int] = [:]
  }

  private let state = NIOLockedValueBox(Events())
  private let loops = NIOLockedValueBox<[NIOLockedValueBox<Traffic>]>([])

  var events: Events { state.withLockedValue { $0 } }

  /// What passed through all event loops.
  var traffic: Traffic {
    loops.withLockedValue { $0 }.reduce(Traffic()) { sum, loop in sum + loop.withLockedValue { $0 } }
  }

  /// A place where one more event loop counts what passes through it.
  func addLoop() -> NIOLockedValueBox<Traffic> {
    let traffic = NIOLockedValueBox(Traffic())
    loops.withLockedValue { $0.append(traffic) }
    return traffic
  }

  func accepted() { state.withLockedValue { $0.connections += 1 } }

  func handshakeFailed() { state.withLockedValue { $0.handshakeFailures += 1 } }

  func openedSession() { state.withLockedValue { $0.sessions += 1 } }

  func matched() { state.withLockedValue { $0.matches += 1 } }

  func dropped(_ messages: Int, _ reason: Drop) {
    state.withLockedValue { $0.drops[reason, default: 0] += messages }
  }

  /// A connection, a request or a message was refused for a limit.
  func refused(for limit: String) {
    state.withLockedValue { $0.refusals[limit, default: 0] += 1 }
  }

  /// The relay closes a WebSocket; a limit that the reason names counts as refusal too.
  func closes(for reason: CloseReason) {
    state.withLockedValue { state in
      state.closes[reason, default: 0] += 1
      if let limit = reason.limit { state.refusals[limit, default: 0] += 1 }
    }
  }
}
