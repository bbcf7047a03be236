import Foundation
import Testing

@testable import tacc

@Suite("The report on many pairs")
struct EvaluationReportTests {
  /// A result made by hand.
  static func result(
    _ name: String, together: Bool? = true, _ change: (inout TrialResult) -> Void = { _ in }
  ) -> TrialResult {
    var result = TrialResult(Trial(source: .directory(name), name: name))
    result.together = together
    result.verdict = .aborted
    change(&result)
    return result
  }

  static func paired(_ name: String, together: Bool? = true, shake: Double = 7.8) -> TrialResult {
    result(name, together: together) {
      $0.verdict = .paired
      $0.accepted = true
      $0.seconds = .init(shake: shake, stop: shake + 1.2, processing: 0.03)
      $0.kept = 4000
      $0.errors = 4
      $0.errorRate = 0.001
      $0.usable = 200
      $0.bound = "cap"
      $0.roundTrips = 12
    }
  }

  static func aborted(_ name: String, together: Bool? = true, _ code: String) -> TrialResult {
    result(name, together: together) { $0.abort = .init(code: code, message: code) }
  }

  @Test("puts false accepts first and ends with status 1, whatever else happened")
  func falseAccepts() throws {
    let report = EvaluationReport(
      [
        Self.paired("a-1"), Self.result("b-1") { $0.verdict = .unreadable }, Self.paired("z-1", together: false),
        Self.aborted("c-1", together: false, "not-shaken-together"),
      ], margin: 512)
    #expect(report.falseAccepts == ["z-1"] && report.falseTrials == 2)
    #expect(report.pairs.map(\.name) == ["z-1", "a-1", "b-1", "c-1"])
    #expect(report.exitStatus?.code == 1 && report.exitStatus?.message?.contains("z-1") == true)
    let text = EvaluationTable(isColoured: false).text(report, listsPairs: false)
    #expect(text.hasPrefix("FALSE ACCEPTS: 1 of 2 pairs that were not moved together\npair "))
    #expect(text.contains("\nz-1 ") && !text.contains("\na-1 "))
    #expect(!text.contains("\u{1B}"))
    #expect(EvaluationTable(isColoured: true).text(report, listsPairs: false).hasPrefix("\u{1B}[1;31mFALSE ACCEPTS"))
    let object = try JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any]
    #expect(object?["false_accepts"] as? [String] == ["z-1"])
    let pairs = try #require(object?["pairs"] as? [[String: Any]])
    #expect(pairs.count == 4 && pairs[1]["error_rate"] as? Double == 0.001 && pairs[1]["round_trips"] as? Int == 12)
  }

  @Test("counts a pair as accepted where only one side believes to be paired")
  func oneSided() {
    let half = Self.result("z-1", together: false) {
      $0.accepted = true
      $0.abort = .init(code: "confirmation", message: "")
    }
    #expect(EvaluationReport([half], margin: 512).falseAccepts == ["z-1"])
    #expect(!Self.paired("a-1", together: nil).isFalseAccept)
  }

  @Test("ends with 0 where pairs abort, with 1 at a fault, with 2 where a pair cannot be read")
  func status() {
    func code(_ results: [TrialResult]) -> Int32? { EvaluationReport(results, margin: 512).exitStatus?.code }
    let unreadable = Self.result("b-1") { $0.verdict = .unreadable }
    let fault = Self.result("c-1") { $0.isFault = true }
    #expect(code([Self.paired("a-1"), Self.aborted("a-2", "too-short")]) == nil)
    #expect(code([Self.aborted("a-2", together: false, "not-shaken-together")]) == nil)
    #expect(code([Self.paired("a-1"), unreadable]) == 2)
    #expect(code([unreadable, fault]) == 1)
  }

  @Test("takes the median and the 95th percentile by nearest rank, with what failed later than everything")
  func spread() {
    func spread(_ values: [Double?]) -> [Double?] {
      let spread = ClassSummary.Spread(values)
      return [spread.median, spread.most, spread.largest]
    }
    #expect(spread([]) == [nil, nil, nil])
    #expect(spread([nil]) == [nil, nil, nil])
    #expect(spread([3]) == [3, 3, 3])
    #expect(spread([4, 1, 3, 2]) == [2, 4, 4])
    #expect(spread([nil, 1, nil, 2]) == [2, nil, 2])
    #expect(spread([nil, 1, nil]) == [nil, nil, 1])
    #expect(spread((1...20).map(Double.init)) == [10, 19, 20])
    #expect(spread((1...19).map(Double.init) + [nil]) == [10, 19, 19])
    #expect(spread((1...18).map(Double.init) + [nil, nil]) == [10, nil, 18])
  }

  @Test("sums up each class: failures count against its times, and reasons are counted")
  func classes() throws {
    let report = EvaluationReport(
      [
        Self.paired("s/r-1", shake: 6), Self.paired("s/r-2", shake: 9), Self.aborted("s/r-3", "randomness-gate"),
        Self.aborted("s/r-4", "too-short"), Self.aborted("s/r-5", "too-short"),
        Self.aborted("s/i-1", together: false, "not-shaken-together"),
        Self.result("s/r-6") { $0.verdict = .unreadable },
      ], margin: 512)
    #expect(report.classes.map(\.class) == ["s/i", "s/r"])
    let genuine = try #require(report.classes.last)
    #expect(genuine.pairs == 6 && genuine.paired == 2 && genuine.unreadable == 1 && genuine.together == true)
    #expect(genuine.shake.median == nil && genuine.shake.largest == 9)
    #expect(genuine.errorRate.median == 0.001 && genuine.bounds == ["cap": 2])
    #expect(EvaluationTable.counts(genuine.aborts) == "too-short 2, randomness-gate 1")
    #expect(report.classes[0].shake.median == nil && report.classes[0].together == false)
    let text = EvaluationTable(isColoured: false).text(report, listsPairs: false)
    #expect(text.contains("s/r: aborts: too-short 2, randomness-gate 1"))
    #expect(text.hasPrefix("false accepts: 0 of 1 pairs"))
  }

  @Test("lists the pairs whose verdict depends on who leads")
  func differing() {
    func swapped(_ result: TrialResult) -> TrialResult {
      var copy = result
      copy.swapped = true
      return copy
    }
    let report = EvaluationReport(
      [
        swapped(Self.aborted("a-1", "too-short")), Self.paired("a-1"), Self.paired("b-1"), swapped(Self.paired("b-1")),
        Self.aborted("c-1", "too-short"), swapped(Self.aborted("c-1", "randomness-gate")),
      ], margin: 512)
    // That both fail, if for different reasons, is the same verdict.
    #expect(report.differing.map(\.name) == ["a-1"] && report.pairs.first?.swapped == false)
    let text = EvaluationTable(isColoured: false).text(report, listsPairs: false)
    #expect(text.hasSuffix("change places: 1\n  a-1: paired, swapped too-short"))
  }

  @Test("has columns of one width, numbers under one another")
  func widths() {
    let report = EvaluationReport(
      [Self.paired("a-1"), Self.paired("a-much-longer-name-2", shake: 123.4), Self.aborted("b-1", "too-short")],
      margin: 256)
    let text = EvaluationTable(isColoured: false).text(report, listsPairs: true)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    func rows(_ first: String) -> [[Character]] {
      let start = lines.firstIndex { $0.hasPrefix(first) } ?? 0
      return lines[start...].prefix { !$0.isEmpty && !$0.contains(":") }.map(Array.init)
    }
    for (first, heads, count) in [
      ("pair", ["shake s", "stop s", "error %", "kept", "usable", "trips", " ms"], 4),
      ("class", ["shake s", "usable", "trips", " ms"], 4),
    ] {
      let table = rows(first)
      #expect(table.count == count)
      for head in heads {
        guard let range = String(table[0]).range(of: head) else {
          Issue.record("no column \(head)")
          continue
        }
        let end = String(table[0]).distance(from: String(table[0]).startIndex, to: range.upperBound)
        // A number, or "-", ends under the last letter of its head.
        for row in table.dropFirst() {
          #expect(row[end - 1] != " " && (end == row.count || row[end] == " "), "\(head): \(String(row))")
        }
      }
    }
    #expect(text.hasSuffix("REDUCED MARGIN: 256 bits, below the default of 512"))
  }
}
