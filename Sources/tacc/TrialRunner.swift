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
    let board = Board(count: trials.count)
    DispatchQueue.concurrentPerform(iterations: min(max(1, jobs), trials.count)) { _ in
      while let index = board.take() {
        board.put(trials[index].run(profile: profile, margin: margin), at: index)
        ended()
      }
    }
    return board.results
  }

  /// Who does what, and what came of it.
  private final class Board: Sendable {
    private struct State {
      var next = 0
      var results: [TrialResult?]
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

    func put(_ result: TrialResult, at index: Int) { state.withLock { $0.results[index] = result } }

    var results: [TrialResult] { state.withLock { $0.results.compactMap { $0 } } }
  }
}
