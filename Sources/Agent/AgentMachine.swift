import Controls
import Pairing

/// The agent's life: waiting, one window at a time, and back. It decides; it touches nothing.
///
/// A press opens a window with a deadline. A window that nobody has joined, or in which no shake has begun, ends there;
/// a shake under way may be finished, for ``graceSeconds`` at most.
public struct AgentMachine: Sendable {
  /// What happened.
  public enum Event: Sendable {
    /// The button went down, SIGUSR1, or `tacc press`.
    case pressed
    /// The button has been down for long, or `tacc press --cancel`.
    case held
    /// The window under way has got this far.
    case progress(PairingProgress)
    /// A match was made.
    case matched
    /// An attempt came to nothing and the window goes on.
    case retrying(code: String, message: String)
    /// The window under way has ended.
    case windowEnded(WindowSummary)
    /// The program is to end.
    case terminate
    /// The deadline may have passed.
    case tick
  }

  /// What to do.
  public enum Action: Sendable, Hashable {
    /// Sensor on, into the room. Windows are numbered from 1.
    case openWindow(number: Int)
    /// End the window under way; ``Event/windowEnded(_:)`` is still to come.
    case cancelWindow
    /// Show this.
    case show(LightPattern)
    /// The state has changed.
    case changed(AgentState)
    /// Tell the user that an attempt failed and another may follow.
    case attemptFailed(code: String, message: String)
    /// Tell the user how a window ended.
    case ended(WindowSummary, window: Int)
    /// Tell whoever waits for this window that it will not open: the press was taken back.
    case pressWithdrawn(WindowSummary, window: Int)
    /// There is nothing left to do.
    case exit
  }

  private enum Phase: Sendable {
    case idle
    case open(closes: PairingInstant, opened: PairingInstant)
    case cancelling(WindowSummary?, opened: PairingInstant)
  }

  /// How much longer than the window a shake may go on that began in it, seconds.
  public static let graceSeconds = 45.0

  /// How long the next press keeps a window open, seconds.
  public var windowSeconds: Double
  private var phase = Phase.idle
  private var isTerminating = false
  private var pressedMeanwhile = false
  /// Where it stands.
  public private(set) var state = AgentState.waiting
  /// The number of the latest window; 0 before the first.
  public private(set) var windowNumber = 0

  /// The window under way, if there is one.
  public var windowUnderWay: Int? {
    if case .idle = phase { nil } else { windowNumber }
  }

  /// The window that a press now leads to; `nil` if it leads to none, because the program is about to end.
  public var windowOfPress: Int? {
    guard !isTerminating else { return nil }
    if case .open = phase { return windowNumber }
    return windowNumber + 1
  }

  /// A machine.
  public init(windowSeconds: Double) { self.windowSeconds = windowSeconds }

  /// When to send the next ``Event/tick``; `nil` while there is nothing to wait for.
  public var deadline: PairingInstant? {
    guard case .open(let closes, _) = phase else { return nil }
    return isShakeUnderWay ? closes.advanced(bySeconds: AgentMachine.graceSeconds) : closes
  }

  private var isShakeUnderWay: Bool {
    switch state {
    case .shaking, .reconciling: true
    default: false
    }
  }

  /// Takes one event.
  public mutating func handle(_ event: Event, at now: PairingInstant) -> [Action] {
    switch event {
    case .pressed: return press(at: now)
    case .held: return cancel(code: "cancelled", message: "cancelled on this board", at: now)
    case .progress(let progress): return advance(progress)
    case .matched:
      guard case .open = phase else { return [] }
      return enter(.matched) + [.show(.windowOpen)]
    case .retrying(let code, let message):
      guard case .open = phase else { return [] }
      return [.attemptFailed(code: code, message: message)] + enter(.windowOpen) + [.show(.windowOpen)]
    case .windowEnded(let summary): return end(summary, at: now)
    case .terminate:
      isTerminating = true
      if case .idle = phase { return [.show(.off), .exit] }
      return cancel(code: "stopped", message: "the agent was stopped", at: now)
    case .tick:
      guard let deadline, now >= deadline else { return [] }
      return cancel(
        code: state == .windowOpen ? "no-partner" : "window-closed",
        message: state == .windowOpen
          ? "no other board came into the room in time; check that both use the same relay and room, and press both "
            + "buttons within one window"
          : "the window closed before the shake was complete; press both buttons and shake again", at: now)
    }
  }

  private mutating func press(at now: PairingInstant) -> [Action] {
    guard !isTerminating else { return [] }
    switch phase {
    case .idle:
      phase = .open(closes: now.advanced(bySeconds: windowSeconds), opened: now)
      windowNumber += 1
      return [.openWindow(number: windowNumber)] + enter(.windowOpen) + [.show(.windowOpen)]
    case .open: return []
    case .cancelling:
      pressedMeanwhile = true
      return []
    }
  }

  private mutating func cancel(code: String, message: String, at now: PairingInstant) -> [Action] {
    let summary = WindowSummary(paired: false, code: code, message: message)
    // What was pressed before is cancelled too.
    if pressedMeanwhile {
      pressedMeanwhile = false
      return [.pressWithdrawn(summary, window: windowNumber + 1)]
    }
    guard case .open(_, let opened) = phase else { return [] }
    phase = .cancelling(summary, opened: opened)
    return [.cancelWindow] + enter(.cancelling)
  }

  private mutating func advance(_ progress: PairingProgress) -> [Action] {
    guard case .open = phase else { return [] }
    switch progress {
    case .waitingForPeer, .waitingForShake: return enter(.matched)
    case .shaking, .together: return enter(.shaking(0)) + [.show(.shaking(progress: 0))]
    case .collecting(let kept, let needed):
      let share = min(1, Double(kept) / Double(max(1, needed)))
      return enter(.shaking(share)) + [.show(.shaking(progress: share))]
    case .reconciling, .confirming: return enter(.reconciling) + [.show(.shaking(progress: 1))]
    }
  }

  private mutating func end(_ summary: WindowSummary, at now: PairingInstant) -> [Action] {
    let opened: PairingInstant
    var final = summary
    switch phase {
    case .idle: return []
    case .open(_, let at): opened = at
    case .cancelling(let cause, let at):
      opened = at
      // What was done before the cancellation arrived is done.
      if !summary.paired, let cause { final = cause }
    }
    final.seconds = now.seconds(since: opened)
    phase = .idle
    var actions: [Action] =
      [.show(summary.paired ? .paired : .aborted), .ended(final, window: windowNumber)] + enter(.waiting)
    if isTerminating { return actions + [.show(.off), .exit] }
    if pressedMeanwhile {
      pressedMeanwhile = false
      actions += press(at: now)
    }
    return actions
  }

  private mutating func enter(_ next: AgentState) -> [Action] {
    guard next != state else { return [] }
    state = next
    return [.changed(next)]
  }
}
