import Adversary
import Foundation
import Motion
import Pairing

/// Pairs, prepares and attacks many pairs, on several cores; what comes of each depends on nothing but the inputs.
struct Siege {
  /// The attacks.
  let bench: AdversaryBench
  /// How many pairs are worked on at the same time.
  let jobs: Int
  /// How values become bits.
  var profile = QuantiserProfile.guard
  /// Security margin, bits.
  let margin: Int
  /// How many other pairs an attack learns from.
  let training: Int

  /// Seeds of pairs that are only learnt from begin so far after those that are attacked.
  private static let trainingSeeds: UInt64 = 1_000_000
  /// How many recordings are tried as imitations of one.
  private static let imitators = 8

  /// What came of one pairing.
  private enum Paired: Sendable {
    case subject(AdversaryBench.Subject)
    case withoutBits(AdversaryReport.Aborted)
    case unreadable(String)
  }

  /// A pair with what it is learnt from, by number among all that came to bits.
  private struct Task: Sendable {
    let trial: Trial
    let number: Int
    let lessons: [Int]
  }

  /// Attacks simulated pairs with what further ones of their class taught.
  func attack(simulated classes: [SimulatedClass], seeds: Range<UInt64>) -> AdversaryReport {
    let start = seeds.lowerBound + Self.trainingSeeds
    let trials = Trial.simulated(classes, seeds: seeds)
    let lessons = Trial.simulated(classes, seeds: start..<start + UInt64(training))
    let all = trials + lessons
    return attack(all, attacked: trials.count, other: []) { number, subjects in
      let own = all[number]
      return subjects.filter { $0 >= trials.count && $0 != number && all[$0].category == own.category }
    }
  }

  /// Attacks all pairs below some directories, each with what the others taught.
  ///
  /// - Parameter others: directories of pairs of the same people.
  /// - Throws: where one of them cannot be listed.
  func attack(recordedIn roots: [String], others: [String]) throws(CaptureError) -> AdversaryReport {
    let trials = try Trial.found(in: roots)
    let other = try Trial.found(in: others)
    return attack(trials, attacked: trials.count, other: other) { number, subjects in
      // Those of its own class first, each class beginning with the next one, so that all are learnt from alike.
      let others = subjects.filter { $0 > number } + subjects.filter { $0 < number }
      let own = others.filter { trials[$0].category == trials[number].category }
      return own + others.filter { trials[$0].category != trials[number].category }
    }
  }

  /// - Parameters:
  ///   - trials: all pairs.
  ///   - attacked: how many of them, from the first on.
  ///   - other: pairs of the same people.
  ///   - lessons: which of the pairs that came to bits the one of a number may learn from, the most telling first.
  private func attack(
    _ trials: [Trial], attacked: Int, other: [Trial], lessons: (_ number: Int, _ subjects: [Int]) -> [Int]
  ) -> AdversaryReport {
    let bar = ProgressBar(total: 2 * trials.count + attacked)
    let recorded = donors(of: other)
    let paired = mapConcurrently(trials, jobs: jobs) { trial in
      defer { bar.advance() }
      return pair(trial, others: recorded)
    }
    var subjects: [Int: AdversaryBench.Subject] = [:]
    var report = AdversaryReport(profile: profile, margin: margin, settings: bench.settings, training: training)
    for (number, one) in paired.enumerated() {
      switch one {
      case .subject(let subject): subjects[number] = subject
      case .withoutBits(let aborted) where number < attacked: report.withoutBits.append(aborted)
      case .unreadable(let text) where number < attacked:
        report.unreadable.append(AdversaryReport.Unreadable(name: trials[number].name, error: text))
      default: break
      }
    }
    let numbers = subjects.keys.sorted()
    let candidates = numbers.map { number in
      Task(trial: trials[number], number: number, lessons: lessons(number, numbers))
    }
    let tasks = mapConcurrently(candidates, jobs: jobs) { [subjects] task in taught(task, subjects) }
    let prepared = mapConcurrently(tasks, jobs: jobs) { [subjects] task -> (Int, AdversaryBench.Prepared?) in
      defer { bar.advance() }
      guard let subject = subjects[task.number] else { return (task.number, nil) }
      return (
        task.number,
        bench.prepare(
          imitated(subject, task, subjects), training: task.lessons.compactMap { subjects[$0]?.pair })
      )
    }
    let known = Dictionary(prepared.compactMap { pair in pair.1.map { (pair.0, $0) } }) { first, _ in first }
    report.unattacked = tasks.filter { $0.number < attacked && known[$0.number] == nil }.map(\.trial.name)
    report.pairs = mapConcurrently(tasks.filter { $0.number < attacked }, jobs: jobs) { task -> AdversaryReport.Pair? in
      defer { bar.advance() }
      guard let own = known[task.number] else { return nil }
      return AdversaryReport.Pair(
        task.trial, own.subject.pair, bench.attack(own, training: task.lessons.compactMap { known[$0] }))
    }.compactMap { $0 }
    bar.clear()
    return report
  }

  /// The same with as many lessons as are wanted, none of them a recording of the same motion.
  private func taught(_ task: Task, _ subjects: [Int: AdversaryBench.Subject]) -> Task {
    var lessons: [Int] = []
    for number in task.lessons where lessons.count < training {
      guard let own = subjects[task.number]?.pair, let other = subjects[number]?.pair else { continue }
      // Simulated pairs of different seeds have nothing in common.
      if case .directory = task.trial.source, AdversaryBench.isSameMotion(own, other) { continue }
      lessons.append(number)
    }
    return Task(trial: task.trial, number: task.number, lessons: lessons)
  }

  /// Runs one pairing.
  private func pair(_ trial: Trial, others: [Donor]) -> Paired {
    let pair: CapturePair
    do { pair = try trial.pair() } catch { return .unreadable("\(error)") }
    var pairing = LocalPairing(alice: pair.alice.recording, bob: pair.bob.recording, stopwatch: Stopwatch.now)
    pairing.profile = profile
    pairing.margin = margin
    pairing.disclosesKeyZones = true
    do throws(AbortReason) {
      let outcome = try pairing.run()
      guard
        let attacked = AttackedPair(
          name: trial.name, alice: pair.alice.recording, bob: pair.bob.recording, outcome: outcome)
      else {
        var code = "-"
        if case .aborted(let reason) = outcome.telling.ending { code = reason.code }
        return .withoutBits(AdversaryReport.Aborted(name: trial.name, code: code))
      }
      guard case .simulation(let parameters) = trial.source else {
        return .subject(AdversaryBench.Subject(pair: attacked, imitations: [], others: others))
      }
      return .subject(
        AdversaryBench.Subject(
          pair: attacked, imitations: donors(parameters, .mimic), others: donors(parameters, .replay)))
    } catch {
      return .withoutBits(AdversaryReport.Aborted(name: trial.name, code: error.code))
    }
  }

  /// The recording of somebody who imitates a simulated motion, or of the same hand's other shake.
  private func donors(_ parameters: SimulatorParameters, _ relation: SimulatorParameters.Relation) -> [Donor] {
    var parameters = parameters
    parameters.relation = relation
    let imitator = SimulatedClass.mimic.parameters(seed: parameters.seed)
    parameters.mimicDelay = imitator.mimicDelay
    parameters.mimicCorner = imitator.mimicCorner
    parameters.mimicTimingSpread = imitator.mimicTimingSpread
    parameters.mimicGainSpread = imitator.mimicGainSpread
    guard let simulated = try? Simulator.simulate(parameters) else { return [] }
    return [Donor(name: relation.rawValue, recording: simulated.bob.recording)].compactMap { $0 }
  }

  /// Both recordings of recorded pairs.
  private func donors(of trials: [Trial]) -> [Donor] {
    trials.compactMap { trial in (try? trial.pair()).map { (trial.name, $0) } }.flatMap { name, pair in
      [
        Donor(name: name + "/alice", recording: pair.alice.recording),
        Donor(name: name + "/bob", recording: pair.bob.recording),
      ]
    }.compactMap { $0 }
  }

  /// A recorded subject with other pairs' recordings as imitations; a simulated one as it is.
  private func imitated(
    _ subject: AdversaryBench.Subject, _ task: Task, _ subjects: [Int: AdversaryBench.Subject]
  ) -> AdversaryBench.Subject {
    guard case .directory = task.trial.source else { return subject }
    let donors = task.lessons.prefix(Self.imitators).compactMap { subjects[$0]?.pair.donor }
    return AdversaryBench.Subject(pair: subject.pair, imitations: donors, others: subject.others)
  }
}
