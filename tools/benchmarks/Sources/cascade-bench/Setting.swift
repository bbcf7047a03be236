import Agreement
import Foundation
import SecureChannel

/// What one row of the table measures.
struct Setting: Sendable {
  let count: Int
  /// The probability that a bit differs.
  let errorRate: Double
  let variant: CascadeSchedule.Variant
  /// The error rate that the schedule is made for.
  let assumed: Double

  func measure(runs: Int, seed: UInt64) throws -> Figures {
    let schedule = try CascadeSchedule(count: count, errorRate: assumed, variant: variant)
    var tally = Tally()
    for index in 0..<runs {
      // The same strings and permutations whatever the schedule.
      var generator = SplitMix64(seed: SplitMix64.mix([seed, UInt64(count), errorRate.bitPattern, UInt64(index)]))
      let (alice, bob) = generator.pair(count: count, errorRate: errorRate)
      try tally.add(Conversation(alice: alice, bob: bob, schedule: schedule, streams: try generator.streams()))
    }
    return tally.figures(of: self)
  }
}

/// One run of both sides.
struct Conversation {
  private(set) var parities = 0
  private(set) var repeated = 0
  private(set) var corrected = 0
  private(set) var roundTrips = 0
  private(set) var agreed = false
  private(set) var error: CascadeError?
  /// CPU seconds of this thread.
  private(set) var seconds = 0.0

  init(
    alice: BitString, bob: BitString, schedule: CascadeSchedule, streams: @escaping @Sendable (Int) -> ChaCha20Generator
  ) throws {
    var asked: [ParityQuery] = []
    let start = threadSeconds()
    var responder = try CascadeResponder(bits: alice, budget: .max, stream: streams)
    var corrector = try CascadeCorrector(bits: bob, schedule: schedule, stream: streams)
    do throws(CascadeError) {
      var step = try corrector.start()
      while case .ask(let queries) = step {
        let received = try ParityQuery.decode(ParityQuery.encode(queries))
        let answers = ParityAnswers.encode(try responder.answer(received))
        step = try corrector.receive(try ParityAnswers.decode(answers, count: queries.count))
        roundTrips += 1
        asked += queries
      }
    } catch {
      self.error = error
    }
    seconds = threadSeconds() - start
    parities = responder.answered
    corrected = corrector.corrected
    agreed = corrector.correctedBits == alice
    repeated = asked.count - Set(asked).count
  }
}

/// The CPU time that this thread has used.
private func threadSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
