import Foundation
import Pairing

/// What came of one trial.
struct TrialResult: Encodable, Sendable {
  /// How it ended.
  enum Verdict: String, Encodable, Sendable {
    case paired
    case aborted
    case unreadable
  }

  struct Seconds: Encodable, Sendable {
    var shake: Double?
    var stop: Double?
    var processing: Double?
  }

  struct Abort: Encodable, Sendable {
    var code: String
    var message: String
  }

  /// What the two agreed on before the first mask.
  struct Plan: Encodable, Sendable {
    /// Spacing of the grid's steps, milliseconds.
    var stepMs: Double?
    var predictedErrorRate: Double?
    var channels: [PairingResult.Channel]
  }

  var name: String
  var `class`: String
  var swapped: Bool
  /// Whether the boards were moved together, where that is known.
  var together: Bool?
  var verdict = Verdict.unreadable
  /// Whether either side believes to be paired.
  var accepted = false
  var abort: Abort?
  /// Why the pair could not be read.
  var error: String?
  var seconds = Seconds()
  var fit: Double?
  var whitenedCorrelation: Double?
  /// The board whose grid and bits are the reference.
  var reference: String?
  var plan: Plan?
  var raw: Int?
  /// Share of one side's kept cells that the other kept too.
  var overlap: Double?
  var kept: Int?
  var errors: Int?
  var errorRate: Double?
  var leakage: Int?
  var efficiency: Double?
  var usable: Int?
  var bound: String?
  var roundTrips: Int?
  var cascadeRoundTrips: Int?
  /// Whether it ended by a fault of this program.
  var isFault = false

  private enum CodingKeys: String, CodingKey {
    case name, `class`, swapped, together, verdict, accepted, abort, error, seconds, fit, whitenedCorrelation, plan, raw
    case overlap, kept, errors, errorRate, leakage, efficiency, usable, bound, roundTrips, cascadeRoundTrips
  }

  /// A trial that has not run.
  init(_ trial: Trial) {
    name = trial.name
    swapped = trial.isSwapped
    `class` = trial.category + (trial.isSwapped ? " swapped" : "")
  }

  /// Whether a pair that was not moved together was accepted.
  var isFalseAccept: Bool { together == false && accepted }

  /// Takes the figures of a pairing.
  mutating func take(_ outcome: LocalPairing.Outcome) {
    let (ending, report) = outcome.telling
    for case .paired in [outcome.alice, outcome.bob] { accepted = true }
    switch ending {
    case .paired where outcome.isPaired: verdict = .paired
    case .paired:
      verdict = .aborted
      abort = Abort(code: "different-sessions", message: "both sides paired, but not with each other")
    case .aborted(let reason):
      verdict = .aborted
      abort = Abort(code: reason.code, message: "\(reason)")
      isFault = reason.isFault
    }
    seconds = Seconds(
      shake: report.shakeSeconds.map { rounded($0, 3) }, stop: outcome.stopSeconds.map { rounded($0, 3) },
      processing: rounded(outcome.processingSeconds, 4))
    fit = report.alignment.map { rounded($0.fit, 5) }
    whitenedCorrelation = report.whitenedCorrelation.map { rounded($0, 4) }
    reference = report.reference?.rawValue
    if !report.channels.isEmpty {
      plan = Plan(
        stepMs: report.stepSpacing.map { rounded($0 * 1000, 3) }, predictedErrorRate: report.predictedErrorRate,
        channels: report.channels.map(PairingResult.Channel.init))
    }
    raw = report.rawBits
    overlap = report.overlap.map { rounded($0, 4) }
    kept = report.keptBits
    errors = outcome.errors
    if let errors, let kept, kept > 0 { errorRate = Double(errors) / Double(kept) }
    if let clamp = report.clamp {
      let entropy = PairingResult.Entropy(clamp, exact: verdict != .paired)
      usable = entropy.usable
      leakage = entropy.leakage
      bound = clamp.bindingBound.map {
        String($0.name.prefix { $0 != "(" }).trimmingCharacters(in: .whitespaces)
      }
    }
    efficiency = report.cascade?.efficiency.map { rounded($0, 3) }
    // Alice's count has the clock probes besides.
    roundTrips = outcome.bobReport.roundTrips
    cascadeRoundTrips = report.cascade?.roundTrips
  }
}
