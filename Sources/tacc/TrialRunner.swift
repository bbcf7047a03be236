import Dispatch
import Pairing
import Synchronization

/// Runs trials on several cores; what comes of each depends on nothing but the trial.
struct TrialRunner {
  /// How many trials run at the same time.
  let jobs: Int
  /// How values become bits.
  var profile = QuantiserProfile.guard
  /// Security margin, bits.
  let margin: Int

  /// Runs all trials.
  ///
  /// - Parameters:
  ///   - trials: in any order.
  ///   - ended: called after each, on any thread.
  /// - Returns: the results in the order of the trials.
  func run(_ trials: [Trial], ended: @Sendable () -> Void) -> [TrialResult] {
    mapConcurrently(trials, jobs: jobs) { trial in
      defer { ended() }
      return trial.run(profile: profile, margin: margin)
    }
  }
}

/// The images of some elements, in their order, worked out on several threads.
///
/// - Parameter jobs: how many at the same time.
func mapConcurrently<Element: Sendable, Image: Sendable>(
  _ elements: [Element], jobs: Int, _ transform: @Sendable (Element) -> Image
) -> [Image] {
  let board = Board<Image>(count: elements.count)
  DispatchQueue.concurrentPerform(iterations: min(max(1, jobs), elements.count)) { _ in
    while let index = board.take() { board.put(transform(elements[index]), at: index) }
  }
  return board.results
}

/// Who does what, and what came of it.
private final class Board<Image: Sendable>: Sendable {
  private struct State {
    var next = 0
    var results: [Image?]
  }
  private let state: Mutex<State>

  init(count: Int) { state = Mutex(State(results: Array(repeating: nil, count: count))) }

  func take() -> Int? {
    state.withLock { state in
      guard state.next < state.results.count else { return nil }
      state.next += 1
      return state.next - 1
    }
  }

  func put(_ result: Image, at index: Int) { state.withLock { $0.results[index] = result } }

  var results: [Image] { state.withLock { $0.results.compactMap { $0 } } }
}
