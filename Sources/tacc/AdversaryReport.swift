import Console
import Adversary
import Foundation
import Pairing

/// What came of attacks on many pairs, ready to be printed.
struct AdversaryReport: Encodable, Sendable {
  /// One pair with every attack on it, the worst first.
  struct Pair: Encodable, Sendable {
    let name: String
    let `class`: String
    let kept: Int
    let leakage: Int
    /// Before leakage and margin.
    let credited: Int
    let attacks: [AttackScore]

    init(_ trial: Trial, _ pair: AttackedPair, _ scores: [AttackScore]) {
      self.init(
        name: trial.name, class: trial.category, kept: pair.keptBits, leakage: pair.leakageBits,
        credited: pair.creditedBits, scores)
    }

    init(name: String, class: String, kept: Int, leakage: Int, credited: Int, _ scores: [AttackScore]) {
      self.name = name
      self.class = `class`
      self.kept = kept
      self.leakage = leakage
      self.credited = credited
      attacks = scores.sorted { ($0.slack, $0.attack) < ($1.slack, $1.attack) }
    }
  }

  /// A pair without bits to attack.
  struct Aborted: Encodable, Sendable {
    let name: String
    let code: String
  }

  struct Unreadable: Encodable, Sendable {
    let name: String
    let error: String
  }

  /// What an attack left of the pairs of one class.
  struct Summary: Encodable, Sendable {
    let `class`: String
    let attack: String
    let pairs: Int
    /// Of how many it left at least what is credited.
    let holding: Int
    let symbolAgreement: ClassSummary.Spread
    let bitAgreement: ClassSummary.Spread
    let crossEntropy: Least
    let minEntropy: Least
    let guessLog2: Spread
    let leftBits: Least
    let slack: Least

    struct Least: Encodable, Sendable, Equatable {
      let median: Double?
      let least: Double?

      init(_ values: [Double]) {
        median = ClassSummary.Spread(values).median
        least = values.min()
      }
    }

    struct Spread: Encodable, Sendable {
      let median: Double?
      /// The likeliest.
      let largest: Double?
    }

    init(_ name: String, _ attack: String, _ scores: [AttackScore]) {
      `class` = name
      self.attack = attack
      pairs = scores.count
      holding = scores.count(where: \.holds)
      symbolAgreement = ClassSummary.Spread(scores.map(\.symbolAgreement))
      bitAgreement = ClassSummary.Spread(scores.map(\.bitAgreement))
      crossEntropy = Least(scores.map(\.crossEntropy))
      minEntropy = Least(scores.map(\.minEntropy))
      guessLog2 = Spread(
        median: ClassSummary.Spread(scores.map(\.guessLog2)).median, largest: scores.map(\.guessLog2).max())
      leftBits = Least(scores.map(\.leftBits))
      slack = Least(scores.map(\.slack))
    }
  }

  let profile: String
  let margin: Int
  /// How many other pairs an attack learnt from, at most.
  let training: Int
  let seed: UInt64
  let cameraCorrelation: Double?
  let cameraDelayMs: Double?
  /// The pairs that came to bits, the one with the worst attack first.
  var pairs: [Pair] = [] {
    didSet {
      pairs.sort { ($0.attacks.first?.slack ?? 0, $0.name) < ($1.attacks.first?.slack ?? 0, $1.name) }
    }
  }
  var withoutBits: [Aborted] = []
  /// Pairs whose bits the bench does not understand.
  var unattacked: [String] = []
  var unreadable: [Unreadable] = []

  init(profile: QuantiserProfile, margin: Int, settings: AdversaryBench.Settings, training: Int) {
    self.profile = profile.name
    self.margin = margin
    self.training = training
    seed = settings.seed
    cameraCorrelation = settings.cameras.first?.correlation
    cameraDelayMs = settings.cameras.first.map { $0.delay * 1000 }
  }

  /// Whether there was no pair at all.
  var isEmpty: Bool { pairs.isEmpty && withoutBits.isEmpty && unattacked.isEmpty && unreadable.isEmpty }

  /// Every attack that leaves less than what is credited, the worst first.
  var broken: [(pair: Pair, score: AttackScore)] { ranked.filter { !$0.score.holds } }

  /// All attacks on all pairs, the worst first.
  var ranked: [(pair: Pair, score: AttackScore)] {
    pairs.flatMap { pair in pair.attacks.map { (pair, $0) } }
      .sorted { ($0.1.slack, $0.0.name, $0.1.attack) < ($1.1.slack, $1.0.name, $1.1.attack) }
  }

  /// Per class and attack, the worst attack of each class first.
  var classes: [Summary] {
    Dictionary(grouping: ranked) { "\($0.pair.class)\n\($0.score.attack)" }.values.compactMap { group in
      group.first.map { Summary($0.pair.class, $0.score.attack, group.map(\.score)) }
    }.sorted { ($0.class, $0.slack.least ?? 0, $0.attack) < ($1.class, $1.slack.least ?? 0, $1.attack) }
  }

  /// How the program ends.
  var exitStatus: ExitStatus? {
    if let worst = broken.first {
      return .fault(
        "less is left than is credited by \(broken.count) attacks; the worst: \(worst.score.attack) on \(worst.pair.name) "
          + "leaves \(Int(worst.score.leftBits.rounded(.down))) of \(worst.score.creditedBits) bits")
    }
    if let first = unattacked.first { return .fault("the bench does not understand the bits of \(first)") }
    if !unreadable.isEmpty { return .badInput("cannot be read: \(unreadable.map(\.name).joined(separator: ", "))") }
    return pairs.isEmpty ? .aborted : nil
  }

  private enum CodingKeys: String, CodingKey {
    case profile, margin, training, seed, cameraCorrelation, cameraDelayMs, pairs, classes, broken
    case withoutBits, unattacked, unreadable
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(profile, forKey: .profile)
    try container.encode(margin, forKey: .margin)
    try container.encode(training, forKey: .training)
    try container.encode(seed, forKey: .seed)
    try container.encodeIfPresent(cameraCorrelation, forKey: .cameraCorrelation)
    try container.encodeIfPresent(cameraDelayMs, forKey: .cameraDelayMs)
    try container.encode(broken.map { ["pair": $0.pair.name, "attack": $0.score.attack] }, forKey: .broken)
    try container.encode(pairs, forKey: .pairs)
    try container.encode(classes, forKey: .classes)
    try container.encode(withoutBits, forKey: .withoutBits)
    try container.encode(unattacked, forKey: .unattacked)
    try container.encode(unreadable, forKey: .unreadable)
  }

  /// One JSON object, keys in snake case and in order.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
