import Agreement
import Foundation

/// Sums over runs.
struct Tally {
  private var runs = 0
  private var parities = 0
  private var repeated = 0
  private var corrected = 0
  private var disagreed = 0
  private var ended = 0
  private var seconds = 0.0
  private var roundTrips: [Int] = []

  mutating func add(_ run: Conversation) {
    runs += 1
    parities += run.parities
    repeated += run.repeated
    corrected += run.corrected
    if run.error != nil { ended += 1 } else if !run.agreed { disagreed += 1 }
    seconds += run.seconds
    roundTrips.append(run.roundTrips)
  }

  func figures(of setting: Setting) -> Figures {
    let sorted = roundTrips.sorted()
    let shannon = Double(runs * setting.count) * BinaryEntropy.h(setting.errorRate)
    func efficiency(_ bits: Int) -> Double? { shannon > 0 ? Double(bits) / shannon : nil }
    return Figures(
      n: setting.count, errorRate: setting.errorRate, assumedErrorRate: setting.assumed,
      variant: setting.variant.rawValue, runs: runs, parities: Double(parities) / Double(runs),
      efficiency: efficiency(parities), efficiencyWithCorrections: efficiency(parities + corrected),
      repeatedParities: repeated, meanRoundTrips: Double(sorted.reduce(0, +)) / Double(runs),
      roundTrips99: sorted[sorted.count * 99 / 100], mostRoundTrips: sorted[sorted.count - 1],
      frameErrors: disagreed, endedWithError: ended, microseconds: seconds / Double(runs) * 1e6)
  }
}

/// One row of the table.
struct Figures: Codable, Sendable {
  let n: Int
  let errorRate: Double
  let assumedErrorRate: Double
  let variant: String
  let runs: Int
  /// Parities per key.
  let parities: Double
  /// Parities / (n·h(p)); absent for p = 0.
  let efficiency: Double?
  /// The same with one bit more per correction.
  let efficiencyWithCorrections: Double?
  /// Parities that were asked for more than once, in all runs.
  let repeatedParities: Int
  let meanRoundTrips: Double
  let roundTrips99: Int
  let mostRoundTrips: Int
  /// Runs that finished with different strings.
  let frameErrors: Int
  /// Runs that ended with an error.
  let endedWithError: Int
  /// CPU time of both sides per key.
  let microseconds: Double

  private static let columns = [
    ("n", 6), ("p %", 6), ("p̂ %", 6), ("schedule", 9), ("parities", 9), ("f", 6), ("Bob", 6), ("again", 5),
    ("trips", 6), ("99 %", 5), ("most", 5), ("FER", 8), ("ended", 6), ("µs", 7),
  ]

  static var header: String { line(columns.map(\.0)) }

  var row: String {
    func fixed(_ value: Double?, _ digits: Int) -> String {
      value.map { String(format: "%.\(digits)f", $0) } ?? "–"
    }
    return Figures.line([
      "\(n)", fixed(errorRate * 100, 2), fixed(assumedErrorRate * 100, 2), variant, fixed(parities, 1),
      fixed(efficiency, 3), fixed(efficiencyWithCorrections, 3), "\(repeatedParities)", fixed(meanRoundTrips, 1),
      "\(roundTrips99)", "\(mostRoundTrips)", String(format: "%.1e", Double(frameErrors) / Double(runs)),
      String(format: "%.1e", Double(endedWithError) / Double(runs)).replacing("0.0e+00", with: "0"),
      fixed(microseconds, 0),
    ])
  }

  private static func line(_ cells: [String]) -> String {
    zip(cells, columns).map { cell, column in
      String(repeating: " ", count: max(0, column.1 - cell.count)) + cell
    }.joined(separator: " ")
  }
}
