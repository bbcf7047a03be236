/// The window under way, and what is left of those before it: a sensor that does not come to rest must hold up neither
/// the agent nor the news of how a window ended.
struct WindowTasks {
  private let limits: AgentLimits
  private let feed: AsyncStream<AgentInput>.Continuation
  /// Over when the sensor of the window, and of all before it, is at rest.
  private var task: Task<Void, Never>?
  private var overdue: Task<Void, Never>?
  /// The latest window; 0 before the first.
  private(set) var number = 0
  /// Whether its outcome is known.
  private var hasEnded = true
  /// Whether its sensor is at rest.
  private(set) var isSettled = true

  /// No window.
  init(limits: AgentLimits, feed: AsyncStream<AgentInput>.Continuation) {
    self.limits = limits
    self.feed = feed
  }

  /// Opens a window, once the sensor of the one before is at rest.
  ///
  /// Its end is told by ``AgentInput/windowEnded(_:of:)`` and, when its sensor is at rest, ``AgentInput/settled(window:)``.
  mutating func open(_ number: Int, _ make: @escaping @Sendable () throws -> PairingWindow) {
    (self.number, hasEnded, isSettled) = (number, false, false)
    task = AgentThread.start { [feed, limits, previous = task] in
      if let previous, !(await AgentThread.wait(for: previous, atMost: limits.rest)) {
        feed.yield(.windowEnded(Task.isCancelled ? .cancelled : Self.notAtRest(limits.rest), of: number))
        // Whoever comes next waits for that sensor too.
        await previous.value
      } else {
        do {
          let window = try make()
          await window.run(
            { feed.yield(.window($0, of: number)) }, conclude: { feed.yield(.windowEnded($0, of: number)) })
        } catch {
          feed.yield(.windowEnded(.sensor("\(error)"), of: number))
        }
      }
      feed.yield(.settled(window: number))
    }
  }

  /// Ends the window; if it does not end in time, ``AgentInput/windowOverdue(_:)`` comes.
  mutating func cancel() {
    task?.cancel()
    overdue = AgentThread.start { [feed, limits, number] in
      if (try? await AgentThread.sleep(for: limits.cancellation)) != nil { feed.yield(.windowOverdue(number)) }
    }
  }

  /// Takes note of an outcome.
  ///
  /// - Returns: whether it is the first of the window under way, and not one that comes too late.
  mutating func end(_ number: Int) -> Bool {
    guard number == self.number, !hasEnded else { return false }
    hasEnded = true
    overdue?.cancel()
    overdue = nil
    return true
  }

  /// Whether this is the window under way.
  func isUnderWay(_ number: Int) -> Bool { number == self.number && !hasEnded }

  /// Takes note that the sensor of a window is at rest.
  mutating func settle(_ number: Int) { if number == self.number { isSettled = true } }

  /// Waits for the sensor to come to rest.
  ///
  /// - Returns: whether it has.
  func rest(atMost limit: Duration) async -> Bool {
    guard let task else { return true }
    return await AgentThread.wait(for: task, atMost: limit)
  }

  private static func notAtRest(_ limit: Duration) -> PairingWindow.Outcome {
    .sensor(
      "the sensor has not come to rest \(limit.nanoseconds / 1_000_000_000) s after the window before: its driver, its bus "
        + "or the machine it is on does not answer; check it (dmesg, the wiring, the network), and if that does not help "
        + "restart the agent (systemctl restart tacc-agent)")
  }
}
