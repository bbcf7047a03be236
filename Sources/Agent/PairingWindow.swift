import Motion
import Pairing
import RelayLink
import Sensors

/// One window: the sensor runs, the board waits in its room, and pairs with whom it meets there; an attempt that comes to
/// nothing is followed by another, as often as one press allows.
struct PairingWindow: Sendable {
  /// What there is to see.
  enum Event: Sendable {
    /// The sensor delivers, this long after the window was opened.
    case sampling(after: Duration)
    /// The relay cannot be reached; another try follows.
    case relayTrouble(RelayLinkError)
    /// The relay has let the board into the room.
    case joined
    /// Matched with another board.
    case matched
    /// The pairing got this far.
    case progress(PairingProgress)
    /// An attempt failed; the window goes on.
    case retrying(AbortReason)
  }

  /// How it ended.
  enum Outcome: Sendable {
    /// Paired, with the report and the seconds from the last sample to the end.
    case paired(PairedSession, PairingReport, processingSeconds: Double)
    /// The last attempt failed, and no other is allowed.
    case aborted(AbortReason)
    /// The sensor cannot be used.
    case sensor(String)
    /// The relay cannot be used, for a reason that waiting does not mend.
    case relay(RelayLinkError)
    /// Cancelled from outside.
    case cancelled
  }

  /// Matches one press may lead to, shaken or not: whoever fills the room cannot keep a board busy for ever.
  static let maximumMatches = 20
  /// Whoever matches and leaves shall not use them up in a moment: after an attempt without a shake the board waits this
  /// long, and twice as long after each further one, up to ``longestPause``.
  static let firstPause = Duration.milliseconds(250)
  static let longestPause = Duration.seconds(5)

  let configuration: AgentConfiguration
  let sensor: any MotionSource
  let identity: BoardIdentity?

  /// Runs the window to its end; cancelling the task ends it.
  ///
  /// - Parameter conclude: given the outcome as soon as it is known; the sensor is switched off after that, before this
  ///   returns.
  func run(
    _ tell: @escaping @Sendable (Event) -> Void, conclude: @Sendable (Outcome) -> Void
  ) async {
    let tap = MotionTap(source: sensor)
    let opened = ContinuousClock.now
    tap.start { tell(.sampling(after: .now - opened)) }
    let outcome = await withTaskCancellationHandler {
      await pair(over: tap, tell)
    } onCancel: {
      // Whatever else takes its time to end.
      tap.requestStop()
    }
    conclude(outcome)
    await tap.stop()
  }

  private func pair(over tap: MotionTap, _ tell: @escaping @Sendable (Event) -> Void) async -> Outcome {
    let description: MotionSourceDescription
    do throws(SensorError) {
      description = try await tap.describe()
    } catch {
      return Task.isCancelled ? .cancelled : .sensor("\(error)")
    }
    var ticket: String?
    var shakes = 0
    var last: AbortReason?
    var pause = Duration.zero
    for _ in 0..<PairingWindow.maximumMatches {
      let match: RelayMatch
      switch await tap.whileDelivering({ [ticket, pause] in await meet(ticket: ticket, after: pause, tell) }) {
      case .success(let found): match = found
      case .failure(.cancelled):
        // A board whose sensor fails while it waits has nothing to wait for.
        if !Task.isCancelled, let failure = tap.failure { return .sensor("\(failure)") }
        return .cancelled
      case .failure(let error): return .relay(error)
      }
      ticket = match.ticket
      tell(.matched)
      var pairing = RelayPairing(
        endpoint: configuration.relay, sessionCode: match.session.sessionCode,
        role: match.role == .alice ? .alice : .bob, source: tap,
        sensors: .of(gyroscope: description.hasGyroscope, accelerometer: description.hasAccelerometer))
      pairing.sourceKind = .live
      pairing.margin = configuration.margin
      pairing.profiles = configuration.profiles
      pairing.identity = identity
      pairing.peerTimeout = 10
      pairing.windowSeconds = configuration.windowSeconds
      pairing.linkOptions = configuration.linkOptions
      let outcome: RelayPairing.Outcome
      do {
        outcome = try await pairing.run { tell(.progress($0)) }
      } catch let error as RelayLinkError {
        if case .cancelled = error { return .cancelled }
        // The other side took its session with it; the room is still there.
        tell(.retrying(.linkLost("\(error)")))
        pause = PairingWindow.next(pause)
        continue
      } catch {
        return .aborted(.internalFault("\(error)"))
      }
      switch outcome.result {
      case .success(let session):
        return .paired(session, outcome.report, processingSeconds: outcome.processingSeconds)
      case .failure(.cancelled): return .cancelled
      case .failure(let reason):
        if Task.isCancelled { return .cancelled }
        if case .sensorFailed(let text) = reason { return .sensor(text) }
        if outcome.report.onset != nil {
          shakes += 1
          pause = .zero
        } else {
          pause = PairingWindow.next(pause)
        }
        last = reason
        guard !reason.isFault, shakes < configuration.attempts else { return .aborted(reason) }
        tell(.retrying(reason))
      }
    }
    return .aborted(last ?? .peerLeft)
  }

  private static func next(_ pause: Duration) -> Duration { min(max(pause * 2, firstPause), longestPause) }

  /// Waits in the room, after a pause; a relay that cannot be reached is asked again, ever more slowly, until the window
  /// closes.
  private func meet(
    ticket: String?, after delay: Duration, _ tell: @escaping @Sendable (Event) -> Void
  ) async -> Result<RelayMatch, RelayLinkError> {
    if delay > .zero {
      do { try await AgentThread.sleep(for: delay) } catch { return .failure(.cancelled) }
    }
    var pause = PairingWindow.firstPause
    while true {
      do throws(RelayLinkError) {
        return .success(
          try await waitForMatch(
            at: configuration.relay, room: configuration.room, ticket: ticket, options: configuration.linkOptions,
            joined: { tell(.joined) }))
      } catch {
        guard error.mayPass else { return .failure(error) }
        tell(.relayTrouble(error))
      }
      do {
        // Boards that lost the same relay do not all come back at once.
        try await AgentThread.sleep(for: pause * Double.random(in: 0.75...1.25))
      } catch {
        return .failure(.cancelled)
      }
      pause = PairingWindow.next(pause)
    }
  }
}

extension RelayLinkError {
  /// Whether trying again may help.
  var mayPass: Bool {
    switch self {
    case .unsuitableLibcurl, .invalidEndpoint, .invalidSessionCode, .invalidRoom, .invalidOptions, .cancelled: false
    default: true
    }
  }
}
