import Logging
import NIOConcurrencyHelpers
import NIOCore

/// Brings the sans-IO rooms together with clock, randomness, timer, sessions and connections.
///
/// One lock for all rooms is enough: an agent passes through it a few times in a minute. It is held for decisions only,
/// the opening of a session among them, never while anything is sent; sessions know nothing of rooms, so their lock
/// is always the inner one.
final class RoomStore: Sendable {
  typealias Registry = RoomRegistry<Connection>

  private let logger: Logger
  private let metrics: RelayMetrics
  private let sessions: SessionStore
  private let timerLoop: NIOLoopBound<LoopContext>
  private let timer: DeadlineTimer
  private let registry: NIOLockedValueBox<Registry>

  init(
    limits: RelayLimits, logger: Logger, metrics: RelayMetrics, timerLoop: NIOLoopBound<LoopContext>,
    sessions: SessionStore
  ) {
    self.logger = logger
    self.metrics = metrics
    self.sessions = sessions
    self.timerLoop = timerLoop
    timer = DeadlineTimer(eventLoop: timerLoop.eventLoop)
    registry = NIOLockedValueBox(Registry(limits: limits))
  }

  /// The rooms in which somebody waits, and how many do.
  var waiting: (rooms: Int, agents: Int) { registry.withLockedValue { ($0.count, $0.waitingAgents) } }

  /// Tells a room what happened and carries out what follows.
  func handle(_ event: Registry.Event, in room: RoomName) {
    change { registry, now, random, opening in
      registry.handle(event, in: room, at: now, using: &random, opening: opening)
    }
  }

  private func timerFired() {
    change { registry, now, random, opening in
      registry.handleDue(at: now, using: &random, opening: opening)
    }
    // Nothing was read on this loop that would be followed by a flush.
    timerLoop.value.flush()
  }

  private func change(
    _ body: (inout Registry, RelayInstant, inout RandomSource, Registry.Opening) -> [Registry.Action]
  ) {
    let now = RelayInstant.now()
    let (actions, deadline) = registry.withLockedValue { registry in
      var random = RandomSource.system
      let actions = body(&registry, now, &random) { sessions.open(from: $0, and: $1) }
      return (actions, registry.nextDeadline)
    }
    perform(actions)
    timer.arm(for: deadline) { self.timerFired() }
  }

  private func perform(_ actions: [Registry.Action]) {
    for action in actions {
      switch action {
      case .send(let message, let peer):
        if let text = JSONText.message(message) { peer.deliver(.frame(ServerFrame.text(text))) }
        switch message {
        case .matched(let session, let role, _):
          // Each match is told to both.
          if role == .alice { metrics.matched() }
          logger.debug("matched", metadata: ["session": "\(session.code.redacted)", "role": "\(role)"])
        case .error(let error): logger.debug("client in a room told of an error", metadata: ["error": "\(error)"])
        default: break
        }
      case .close(let peer, let reason): peer.deliver(.close(reason))
      case .awaitClose(let peer):
        peer.deliver(.awaitClose(CloseReason(code: CloseReason.normal, text: "matched: go on in the session")))
      }
    }
  }
}
