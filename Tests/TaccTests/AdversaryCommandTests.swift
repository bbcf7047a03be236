import Adversary
import Foundation
import Motion
import Testing

@testable import tacc

@Suite("The command adversary")
struct AdversaryCommandTests {
  @Test(
    "takes pairs or classes, and cameras",
    arguments: [
      ["--all", "a", "b", "--json"], ["--all", "a", "--other", "b", "--training", "0"],
      ["--simulate", "rigid", "loose", "--count", "5", "--seed", "9", "--jobs", "1", "--summary"],
      ["--simulate", "rigid", "--camera-cutoff", "5", "10", "--camera-correlation", "0.9", "--camera-delay", "30"],
      ["--simulate", "rigid", "--profile", "offset"],
    ])
  func accepted(arguments: [String]) throws { _ = try AdversaryCommand.parse(arguments) }

  @Test(
    "refuses what does not go together",
    arguments: [
      [], ["--all", "a", "--simulate", "rigid"], ["--simulate", "rigid", "--other", "b"], ["--simulate", "nobody"],
      ["--simulate", "rigid", "--count", "0"], ["--all", "a", "--jobs", "0"], ["--all", "a", "--training", "-1"],
      ["--all", "a", "--camera-cutoff", "0"], ["--all", "a", "--camera-correlation", "1.1"],
      ["--all", "a", "--camera-correlation", "nan"], ["--all", "a", "--camera-delay", "1e9"],
      ["--simulate", "rigid", "--seed", "18446744073709551615"], ["--all", "a", "--margin", "12"],
      ["--all", "a", "--profile", "lattice"],
    ])
  func refused(arguments: [String]) { #expect(throws: (any Error).self) { try AdversaryCommand.parse(arguments) } }

  @Test("explains every attack, every column and how it ends")
  func help() {
    let help = AdversaryCommand.helpMessage()
    for word in [
      "uniform", "majority", "table", "linear, adaptive", "perceptron", "camera F Hz", "imitation", "other recording",
      "Hmin", "slack", "holds", "EXIT STATUS",
    ] { #expect(help.contains(word), "\(word)") }
  }

  // MARK: - What it prints

  /// The report of pairs simulated and attacked in earnest, once: a rigid one with a camera that sees everything, and one of
  /// two people who never come to bits.
  static let report = Result { () throws -> AdversaryReport in
    var settings = AdversaryBench.Settings()
    settings.lags = 2
    settings.holds = [100]
    settings.cameras = [CameraModel(cutoff: 200)]
    return Siege(bench: AdversaryBench(settings), jobs: 2, margin: 512, training: 1)
      .attack(simulated: [.rigid, .impostor], seeds: 1..<2)
  }

  @Test("puts what leaves too little first, and ends with status 1")
  func broken() throws {
    let report = try Self.report.get()
    #expect(report.pairs.map(\.name) == ["rigid-001"] && report.withoutBits.map(\.name) == ["impostor-001"])
    #expect(report.broken.map(\.score.attack) == ["camera 200 Hz"])
    #expect(report.ranked.first?.score.attack == "camera 200 Hz")
    #expect(report.ranked.map(\.score.slack) == report.ranked.map(\.score.slack).sorted())
    #expect(report.exitStatus?.code == 1 && report.exitStatus?.message?.contains("camera 200 Hz on rigid-001") == true)
    let text = AdversaryTable(isColoured: false).text(report, listsAll: false)
    #expect(text.hasPrefix("CREDITED MORE THAN IS LEFT: 1 of 9 attacks on 1 pairs\npair "))
    #expect(text.contains("  NO\n") && text.contains("0 of 1") && text.contains("without bits to attack: 1 pairs"))
    #expect(!text.contains("rigid-001  uniform"))
    #expect(AdversaryTable(isColoured: false).text(report, listsAll: true).contains("rigid-001     uniform"))
    #expect(AdversaryTable(isColoured: true).text(report, listsAll: false).hasPrefix("\u{1B}[1;31mCREDITED"))
  }

  @Test("as JSON, with every attack of every pair")
  func json() throws {
    let report = try Self.report.get()
    let object = try JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any]
    let pairs = try #require(object?["pairs"] as? [[String: Any]])
    let attacks = try #require(pairs.first?["attacks"] as? [[String: Any]])
    #expect(attacks.count == 9 && attacks.first?["holds"] as? Bool == false)
    #expect(attacks.allSatisfy { $0["min_entropy"] is Double && $0["guess_log2"] is Double })
    #expect(object?["profile"] as? String == "guard")
    #expect((object?["broken"] as? [[String: String]])?.first?["attack"] == "camera 200 Hz")
    #expect((object?["classes"] as? [[String: Any]])?.count == 9)
  }

  @Test("ends with status 0 where all holds, 3 where there was nothing to attack, 2 where a pair cannot be read")
  func endings() throws {
    var report = try Self.report.get()
    report.pairs = report.pairs.map { pair in
      AdversaryReport.Pair(
        name: pair.name, class: pair.class, kept: pair.kept, leakage: pair.leakage, credited: pair.credited,
        pair.attacks.filter(\.holds))
    }
    #expect(report.exitStatus == nil && report.pairs.first?.attacks.count == 8)
    #expect(
      AdversaryTable(isColoured: false).text(report, listsAll: false)
        .hasPrefix("credited more than is left: 0 of 8 attacks on 1 pairs"))
    report.unreadable = [AdversaryReport.Unreadable(name: "x", error: "is no pair")]
    #expect(report.exitStatus?.code == 2)
    report.unattacked = ["y"]
    #expect(report.exitStatus?.code == 1 && report.exitStatus?.message?.contains("y") == true)
    report.unattacked = []
    report.unreadable = []
    report.pairs = []
    #expect(report.exitStatus?.code == 3)
  }
}
