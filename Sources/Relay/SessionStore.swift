import Logging
import NIOConcurrencyHelpers
import NIOCore

/// One live session, shared by the connections in it.
///
/// Each session has a lock of its own, so that sessions do not wait for each other; it is held for the machine's
/// decision only, never while anything is sent.
final class SessionSlot: Sendable {
  typealias Machine = SessionMachine<Connection, ByteBuffer>

  let code: SessionCode
  fileprivate let machine: NIOLockedValueBox<Machine>

  fileprivate init(_ ticket: SessionTicket, limits: RelayLimits) {
    code = ticket.code
    machine = NIOLockedValueBox(Machine(ticket: ticket, limits: limits))
  }
}

/// Brings the sans-IO sessions together with clock, randomness, timer and connections.
final class SessionStore: Sendable {
  private let limits: RelayLimits
  private let logger: Logger
  private let metrics: RelayMetrics
  private let timer: DeadlineTimer
  private let registry: NIOLockedValueBox<SessionRegistry<SessionSlot>>

  init(
    limits: RelayLimits, shard: ShardLabel? = nil, logger: Logger, metrics: RelayMetrics, timerLoop: any EventLoop
  ) {
    self.limits = limits
    self.logger = logger
    self.metrics = metrics
    timer = DeadlineTimer(eventLoop: timerLoop)
    registry = NIOLockedValueBox(SessionRegistry(limits: limits, shard: shard))
  }

  /// Sessions alive.
  var count: Int { registry.withLockedValue { $0.count } }

  /// Opens a session for `address`.
  func open(from address: AddressKey?) throws(SessionRefusal) -> SessionTicket {
    let now = RelayInstant.now()
    let result: Result<(SessionTicket, Int64?), SessionRefusal> = registry.withLockedValue { registry in
      var random = RandomSource.system
      do throws(SessionRefusal) {
        let (ticket, _) = try registry.open(from: address, at: now, using: &random) {
          SessionSlot($0, limits: limits)
        }
        return .success((ticket, registry.nextDeadline))
      } catch {
        return .failure(error)
      }
    }
    let (ticket, deadline) = try result.get()
    arm(for: deadline)
    metrics.openedSession()
    logger.debug("session opened", metadata: ["session": "\(ticket.code.redacted)"])
    return ticket
  }

  /// Opens a session for two agents of these addresses that were matched.
  func open(from first: AddressKey?, and second: AddressKey?) -> Result<SessionTicket, MatchRefusal> {
    let now = RelayInstant.now()
    let (result, deadline): (Result<SessionTicket, MatchRefusal>, Int64?) = registry.withLockedValue { registry in
      var random = RandomSource.system
      do throws(MatchRefusal) {
        let (ticket, _) = try registry.open(from: first, and: second, at: now, using: &random) {
          SessionSlot($0, limits: limits)
        }
        return (.success(ticket), registry.nextDeadline)
      } catch {
        return (.failure(error), registry.nextDeadline)
      }
    }
    arm(for: deadline)
    if case .success = result { metrics.openedSession() }
    return result
  }

  /// The session with this code, if there is one.
  func find(_ code: String) -> SessionSlot? {
    let now = RelayInstant.now()
    guard let slot = registry.withLockedValue({ $0.find(code, at: now) }) else { return nil }
    return slot.machine.withLockedValue { $0.hasEnded } ? nil : slot
  }

  /// The public state of the session with this code, if there is one.
  func snapshot(_ code: String) -> SessionSnapshot? {
    let now = RelayInstant.now()
    guard let slot = registry.withLockedValue({ $0.find(code, at: now) }) else { return nil }
    return slot.machine.withLockedValue { $0.snapshot(at: now) }
  }

  /// Tells a session what happened and carries out what follows.
  func handle(_ event: SessionSlot.Machine.Event, in slot: SessionSlot) {
    let now = RelayInstant.now()
    let (actions, deadline) = slot.machine.withLockedValue { machine in
      (machine.handle(event, at: now), machine.nextDeadline)
    }
    // Messages move no deadline, so the forwarding path takes no lock that sessions share.
    if case .message = event { return perform(actions, in: slot, read: now.uptime) }
    perform(actions, in: slot)
    guard let deadline else { return }
    let earliest = registry.withLockedValue { registry in
      registry.watch(slot.code, until: deadline)
      return registry.nextDeadline
    }
    arm(for: earliest)
  }

  /// - Parameter read: When the message that caused the actions had been read whole, if a message did.
  private func perform(_ actions: [SessionSlot.Machine.Action], in slot: SessionSlot, read: Int64? = nil) {
    for action in actions {
      switch action {
      case .send(.relay(let frame), let peer): peer.deliver(read.map { .relayed(frame, read: $0) } ?? .frame(frame))
      case .send(let message, let peer):
        if let text = JSONText.message(message) { peer.deliver(.frame(ServerFrame.text(text))) }
        if case .error(let error) = message {
          logger.debug("client told of an error", metadata: ["session": "\(slot.code.redacted)", "error": "\(error)"])
        }
      case .close(let peer, let reason): peer.deliver(.close(reason))
      case .dropped(let messages, let reason): metrics.dropped(messages, reason)
      case .ended:
        registry.withLockedValue { $0.remove(slot.code) }
        logger.debug("session ended", metadata: ["session": "\(slot.code.redacted)"])
      }
    }
  }

  // MARK: Time

  private func arm(for deadline: Int64?) {
    timer.arm(for: deadline) { self.timerFired() }
  }

  private func timerFired() {
    let now = RelayInstant.now()
    for slot in registry.withLockedValue({ $0.due(at: now) }) {
      handle(.deadline, in: slot)
    }
    arm(for: registry.withLockedValue { $0.nextDeadline })
  }
}
