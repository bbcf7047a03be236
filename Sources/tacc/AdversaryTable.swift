import Adversary
import Foundation
import Pairing

/// The report of attacks as tables of steady width.
struct AdversaryTable {
  /// Whether what is wrong may be shown in red.
  let isColoured: Bool

  /// The whole report.
  ///
  /// - Parameters:
  ///   - report: what to show.
  ///   - listsAll: whether every attack on every pair gets a line; those that do not hold do in any case.
  func text(_ report: AdversaryReport, listsAll: Bool) -> String {
    var sections: [String] = []
    if report.profile != QuantiserProfile.guard.name { sections.append("profile \(report.profile)") }
    let broken = report.broken
    let attacks = report.ranked.count
    if broken.isEmpty {
      sections.append("credited more than is left: 0 of \(attacks) attacks on \(report.pairs.count) pairs")
    } else {
      let line = "CREDITED MORE THAN IS LEFT: \(broken.count) of \(attacks) attacks on \(report.pairs.count) pairs"
      sections.append((isColoured ? "\u{1B}[1;31m\(line)\u{1B}[0m" : line) + "\n" + list(broken))
    }
    if listsAll, attacks > 0 { sections.append(list(report.ranked)) }
    if attacks > 0 { sections.append(summary(report.classes)) }
    if !report.withoutBits.isEmpty {
      let codes = Dictionary(report.withoutBits.map { ($0.code, 1) }, uniquingKeysWith: +)
      sections.append(
        "without bits to attack: \(report.withoutBits.count) pairs: \(EvaluationTable.counts(codes))")
    }
    if !report.unattacked.isEmpty {
      sections.append("bits that the bench does not understand: \(report.unattacked.joined(separator: ", "))")
    }
    if !report.unreadable.isEmpty {
      sections.append(
        (["cannot be read"] + report.unreadable.map { "  \($0.name): \($0.error)" }).joined(separator: "\n"))
    }
    return sections.joined(separator: "\n\n")
  }

  private func list(_ rows: [(pair: AdversaryReport.Pair, score: AttackScore)]) -> String {
    let head = [
      "pair", "attack", "kept", "symbol %", "bit %", "H", "Hmin", "guess", "left", "credited", "slack", "holds",
    ]
    return EvaluationTable.table(
      [head]
        + rows.map { pair, score in
          [
            pair.name, score.attack, "\(pair.kept)", percents(score.symbolAgreement), percents(score.bitAgreement),
            figure(score.crossEntropy, 3), figure(score.minEntropy, 3), figure(score.guessLog2, 0),
            figure(score.leftBits.rounded(.down), 0), "\(score.creditedBits)", figure(score.slack, 3),
            score.holds ? "yes" : "NO",
          ]
        },
      left: [0, 1], least: [12, 16, 5, 8, 5, 5, 5, 6, 6, 8, 6, 5])
  }

  private func summary(_ classes: [AdversaryReport.Summary]) -> String {
    let head = [
      "class", "attack", "pairs", "symbol %", "bit %", "most", "H", "least", "Hmin", "least", "guess", "most", "slack",
      "least", "holds",
    ]
    let rows = classes.map { item in
      [
        item.class, item.attack, "\(item.pairs)", percents(item.symbolAgreement.median),
        percents(item.bitAgreement.median), percents(item.bitAgreement.largest), figure(item.crossEntropy.median, 3),
        figure(item.crossEntropy.least, 3), figure(item.minEntropy.median, 3), figure(item.minEntropy.least, 3),
        figure(item.guessLog2.median, 0), figure(item.guessLog2.largest, 0), figure(item.slack.median, 3),
        figure(item.slack.least, 3), item.holding == item.pairs ? "all" : "\(item.holding) of \(item.pairs)",
      ]
    }
    return "medians per class and attack, the worst attack first\n"
      + EvaluationTable.table(
        [head] + rows, left: [0, 1], least: [10, 16, 5, 8, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 5])
  }

  private func percents(_ share: Double?) -> String { figure(share.map { $0 * 100 }, 1) }

  private func figure(_ value: Double?, _ decimals: Int) -> String { EvaluationTable.figure(value, decimals) }
}
