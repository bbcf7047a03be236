import Console
import Foundation
import Pairing

/// What came of many trials, ready to be printed.
struct EvaluationReport: Encodable, Sendable {
  /// One pair whose verdict depends on who leads.
  struct Difference: Encodable, Sendable {
    var name: String
    var asGiven: String
    var swapped: String
  }

  /// Names of the pairs that were accepted though not moved together.
  let falseAccepts: [String]
  /// Pairs known not to have been moved together that could be tried.
  let falseTrials: Int
  let margin: Int
  /// How values became bits.
  let profile: String
  /// All trials: false accepts first, then by name, each pair as given before the same one swapped.
  let pairs: [TrialResult]
  let classes: [ClassSummary]
  /// Names of the pairs that could not be read.
  let unreadable: [String]
  /// Pairs tried both ways whose verdicts differ.
  let differing: [Difference]

  init(_ results: [TrialResult], profile: QuantiserProfile = .guard, margin: Int) {
    self.profile = profile.name
    self.margin = margin
    pairs = results.enumerated().sorted { a, b in
      let (one, other) = (a.element, b.element)
      if one.isFalseAccept != other.isFalseAccept { return one.isFalseAccept }
      if one.name != other.name { return one.name < other.name }
      if one.swapped != other.swapped { return other.swapped }
      return a.offset < b.offset
    }.map(\.element)
    falseAccepts = pairs.filter(\.isFalseAccept).map(\.title)
    falseTrials = pairs.filter { $0.together == false }.count
    unreadable = pairs.filter { $0.verdict == .unreadable }.map(\.title)
    classes = Dictionary(grouping: pairs, by: \.class).map(ClassSummary.init).sorted { $0.class < $1.class }
    let swapped = Dictionary(pairs.filter(\.swapped).map { ($0.name, $0) }) { first, _ in first }
    differing = pairs.filter { !$0.swapped }.compactMap { pair in
      guard let other = swapped[pair.name], other.verdict != pair.verdict else { return nil }
      return Difference(name: pair.name, asGiven: pair.outcome, swapped: other.outcome)
    }.sorted { $0.name < $1.name }
  }

  /// How the program ends: `nil` where all could be tried, nothing false was accepted, and nothing is at fault.
  var exitStatus: ExitStatus? {
    if !falseAccepts.isEmpty {
      return .fault("accepted though not moved together: \(falseAccepts.joined(separator: ", "))")
    }
    let faults = pairs.filter(\.isFault)
    if let first = faults.first { return .fault("\(first.title): \(first.abort?.message ?? "a fault")") }
    return unreadable.isEmpty ? nil : .badInput("cannot be read: \(unreadable.joined(separator: ", "))")
  }

  /// One JSON object, keys in snake case and in order.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

/// What came of the trials of one class.
struct ClassSummary: Encodable, Sendable {
  /// Nearest-rank median and 95th percentile, and the largest.
  struct Spread: Encodable, Sendable, Equatable {
    var median: Double?
    var most: Double?
    var largest: Double?

    private enum CodingKeys: String, CodingKey {
      case median
      case most = "p95"
      case largest = "max"
    }

    /// Of values of which a missing one counts as larger than any; a rank that falls on a missing one is `nil`.
    init(_ values: [Double?]) {
      let known = values.compactMap { $0 }.sorted()
      func rank(_ percent: Int) -> Double? {
        let place = (values.count * percent + 99) / 100
        return (1...max(1, known.count)).contains(place) && !known.isEmpty ? known[place - 1] : nil
      }
      median = rank(50)
      most = rank(95)
      largest = known.last
    }
  }

  let `class`: String
  /// Whether its pairs were moved together; `nil` where that is unknown or differs.
  let together: Bool?
  let pairs: Int
  let paired: Int
  let falseAccepts: Int
  let unreadable: Int
  /// Shake seconds of all that could be tried and were not moved apart, a failed one counted as longer than any.
  let shake: Spread
  /// The same of the moment when no more samples were needed.
  let stop: Spread
  /// Of those that came to bits.
  let errorRate: Spread
  let kept: Spread
  let usable: Spread
  let roundTrips: Spread
  /// Of those that paired, seconds.
  let processing: Spread
  /// How many aborted for which reason.
  let aborts: [String: Int]
  /// By how many sums which term of the clamp was the least.
  let bounds: [String: Int]

  init(_ name: String, _ results: [TrialResult]) {
    `class` = name
    pairs = results.count
    let tried = results.filter { $0.verdict != .unreadable }
    let ofTogether = Set(tried.map(\.together))
    together = ofTogether.count == 1 ? ofTogether.first ?? nil : nil
    paired = tried.filter { $0.verdict == .paired }.count
    falseAccepts = tried.filter(\.isFalseAccept).count
    unreadable = pairs - tried.count
    let genuine = tried.filter { $0.together != false }
    shake = Spread(genuine.map { $0.verdict == .paired ? $0.seconds.shake : nil })
    stop = Spread(genuine.map { $0.verdict == .paired ? $0.seconds.stop : nil })
    errorRate = Spread(tried.filter { $0.errorRate != nil }.map(\.errorRate))
    func spread(_ values: [Int?]) -> Spread { Spread(values.compactMap { $0.map(Double.init) }) }
    kept = spread(tried.map(\.kept))
    usable = spread(tried.map(\.usable))
    let successes = tried.filter { $0.verdict == .paired }
    roundTrips = spread(successes.map(\.roundTrips))
    processing = Spread(successes.map(\.seconds.processing))
    aborts = Dictionary(tried.compactMap { $0.abort.map { ($0.code, 1) } }, uniquingKeysWith: +)
    bounds = Dictionary(tried.compactMap { $0.bound.map { ($0, 1) } }, uniquingKeysWith: +)
  }
}

extension TrialResult {
  /// Its name, with a mark where Alice and Bob have changed places.
  var title: String { swapped ? "\(name) swapped" : name }

  /// "paired", or why not.
  var outcome: String { abort?.code ?? verdict.rawValue }
}
