/// Edges and time in, presses out.
///
/// Edges are seen in order; their times are CLOCK_MONOTONIC in nanoseconds. An edge counts when the level has then
/// been stable for `debounce`; its time is that of the last edge of the burst, from which the level was stable. With a
/// `debounce` of zero, each edge counts (the kernel or the device has debounced it).
struct PressDetector {
  /// Stable time that makes an edge count; 0 if edges come debounced.
  let debounce: Int64
  /// Time down that makes a long press, `nil` for none.
  let holdAfter: Int64?

  private enum Level {
    case up
    /// Down since before anybody looked: not a press, and its release is none either.
    case downUnseen
    case down(since: Int64, isHeld: Bool)
  }

  private var level: Level
  /// A level that is not yet stable.
  private var pending: (isDown: Bool, since: Int64)?
  /// The time of the last edge. Edges are in order, whatever their stamps say.
  private var lastEdge: Int64

  init(debounce: Int64, holdAfter: Int64?, isDown: Bool) {
    self.debounce = max(0, debounce)
    self.holdAfter = holdAfter.map { max(0, $0) }
    level = isDown ? .downUnseen : .up
    lastEdge = .min
  }

  /// When ``advance(to:)`` must be called, unless there is an edge before; `nil` if only an edge can change anything.
  var deadline: Int64? {
    if let pending { return pending.since.addingClamped(debounce) }
    if case .down(let since, isHeld: false) = level { return holdAfter.map(since.addingClamped) }
    return nil
  }

  /// The line changed. Edges of one direction may follow each other: the one between was lost.
  mutating func edge(isDown: Bool, at time: Int64) -> [ButtonEvent] {
    lastEdge = max(lastEdge, time)
    var events = advance(to: lastEdge)
    if debounce == 0 {
      events += settle(isDown: isDown, at: lastEdge)
    } else if isDown == self.isDown, !isUnseen {
      pending = nil
    } else {
      pending = (isDown, lastEdge)
    }
    return events
  }

  /// Edges were lost; this is the level now.
  mutating func synchronise(isDown: Bool, at now: Int64) -> [ButtonEvent] {
    let events = advance(to: now)
    guard isDown != (pending?.isDown ?? self.isDown) else { return events }
    return events + edge(isDown: isDown, at: now)
  }

  /// Time passed, and there was no edge up to `now`.
  mutating func advance(to now: Int64) -> [ButtonEvent] {
    var events: [ButtonEvent] = []
    if let pending {
      // A long press waits for it: it may turn out that the button came up before.
      guard pending.since.addingClamped(debounce) <= now else { return events }
      self.pending = nil
      events += settle(isDown: pending.isDown, at: pending.since)
    }
    if case .down(let since, isHeld: false) = level, let holdAfter, since.addingClamped(holdAfter) <= now {
      level = .down(since: since, isHeld: true)
      events.append(.held)
    }
    return events
  }

  private var isDown: Bool {
    if case .up = level { false } else { true }
  }

  private var isUnseen: Bool {
    if case .downUnseen = level { true } else { false }
  }

  private mutating func settle(isDown: Bool, at time: Int64) -> [ButtonEvent] {
    switch (level, isDown) {
    case (.up, true), (.downUnseen, true):
      level = .down(since: time, isHeld: false)
      return [.pressed(monotonicNanoseconds: time)]
    case (.down, true):
      // It came up and went down; the edge that went down was seen, so it is a press of its own.
      level = .down(since: time, isHeld: false)
      return [.released, .pressed(monotonicNanoseconds: time)]
    case (.down, false):
      level = .up
      return [.released]
    case (.up, false), (.downUnseen, false):
      // A press whose edge nobody saw does nothing.
      level = .up
      return []
    }
  }
}

extension Int64 {
  fileprivate func addingClamped(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
