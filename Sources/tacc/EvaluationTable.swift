import Foundation
import Pairing

/// The report of many trials as tables of steady width; one unit per column, named in its head.
struct EvaluationTable {
  /// Whether what is wrong may be shown in red.
  let isColoured: Bool

  /// The whole report.
  ///
  /// - Parameters:
  ///   - report: what to show.
  ///   - listsPairs: whether every pair gets a line; false accepts do in any case.
  func text(_ report: EvaluationReport, listsPairs: Bool) -> String {
    var sections: [String] = []
    let wrong = report.pairs.filter(\.isFalseAccept)
    if wrong.isEmpty {
      sections.append("false accepts: 0 of \(report.falseTrials) pairs that were not moved together")
    } else {
      sections.append(
        red("FALSE ACCEPTS: \(wrong.count) of \(report.falseTrials) pairs that were not moved together") + "\n"
          + pairs(wrong))
    }
    if listsPairs { sections.append(pairs(report.pairs)) }
    sections.append(summary(report.classes))
    let unreadable = report.pairs.filter { $0.verdict == .unreadable }
    if !unreadable.isEmpty {
      sections.append(
        (["cannot be read"] + unreadable.map { "  \($0.title): \($0.error ?? "")" }).joined(separator: "\n"))
    }
    if report.pairs.contains(where: \.swapped), report.pairs.contains(where: { !$0.swapped }) {
      let lines = report.differing.map { "  \($0.name): \($0.asGiven), swapped \($0.swapped)" }
      sections.append(
        (["verdicts that differ when Alice and Bob change places: \(lines.count)"] + lines).joined(separator: "\n"))
    }
    if report.profile != QuantiserProfile.guard.name { sections.append("profile \(report.profile)") }
    if report.margin < 512 { sections.append("REDUCED MARGIN: \(report.margin) bits, below the default of 512") }
    return sections.joined(separator: "\n\n")
  }

  private func red(_ text: String) -> String { isColoured ? "\u{1B}[1;31m\(text)\u{1B}[0m" : text }

  // MARK: - Tables

  private func pairs(_ results: [TrialResult]) -> String {
    let head = [
      "pair", "together", "verdict", "shake s", "stop s", "error %", "kept", "usable", "bound", "trips", "ms", "reason",
    ]
    return Self.table(
      [head]
        + results.map { result in
          [
            result.title, Self.yesNo(result.together), result.verdict == .paired ? "PAIRED" : result.verdict.rawValue,
            Self.figure(result.seconds.shake, 1), Self.figure(result.seconds.stop, 1),
            Self.figure(result.errorRate.map { $0 * 100 }, 3), Self.figure(result.kept), Self.figure(result.usable),
            result.bound ?? "-", Self.figure(result.roundTrips),
            Self.figure(result.seconds.processing.map { $0 * 1000 }, 0), result.abort?.code ?? "-",
          ]
        },
      left: [0, 1, 2, 8, 11], least: [12, 8, 10, 7, 6, 7, 6, 7, 16, 5, 5, 6])
  }

  private func summary(_ classes: [ClassSummary]) -> String {
    let head = [
      "class", "together", "pairs", "paired", "shake s", "95 %", "max", "stop s", "95 %", "error %", "95 %", "max",
      "kept", "usable", "trips", "ms",
    ]
    let rows = classes.map { item in
      let rate = item.errorRate
      return [
        item.class, Self.yesNo(item.together), "\(item.pairs)", "\(item.paired)", Self.figure(item.shake.median, 1),
        Self.figure(item.shake.most, 1), Self.figure(item.shake.largest, 1), Self.figure(item.stop.median, 1),
        Self.figure(item.stop.most, 1),
        Self.figure(rate.median.map { $0 * 100 }, 3), Self.figure(rate.most.map { $0 * 100 }, 3),
        Self.figure(rate.largest.map { $0 * 100 }, 3), Self.figure(item.kept.median, 0),
        Self.figure(item.usable.median, 0), Self.figure(item.roundTrips.median, 0),
        Self.figure(item.processing.median.map { $0 * 1000 }, 0),
      ]
    }
    let table = Self.table([head] + rows, left: [0, 1], least: [12, 8, 5, 6, 7, 5, 5, 6, 5, 7, 6, 6, 6, 6, 5, 5])
    let counts = classes.flatMap { item -> [String] in
      var lines: [String] = []
      if !item.aborts.isEmpty { lines.append("\(item.class): aborts: \(Self.counts(item.aborts))") }
      if !item.bounds.isEmpty { lines.append("\(item.class): bound by: \(Self.counts(item.bounds))") }
      return lines
    }
    return (["medians per class", table] + counts).joined(separator: "\n")
  }

  /// "too-short 3, gate 1": the most frequent first.
  static func counts(_ counts: [String: Int]) -> String {
    counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  static func yesNo(_ value: Bool?) -> String { value.map { $0 ? "yes" : "no" } ?? "-" }

  static func figure(_ value: Int?) -> String { value.map { "\($0)" } ?? "-" }

  static func figure(_ value: Double?, _ decimals: Int) -> String {
    value.map { String(format: "%.\(decimals)f", $0) } ?? "-"
  }

  /// Rows as lines, each column as wide as its widest cell and no less than `least`; numbers to the right.
  static func table(_ rows: [[String]], left: Set<Int>, least: [Int]) -> String {
    var widths = least
    for row in rows {
      for (column, cell) in row.enumerated() where column < widths.count {
        widths[column] = max(widths[column], cell.count)
      }
    }
    return rows.map { row in
      var line = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
        return left.contains(column) ? cell + padding : padding + cell
      }.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
