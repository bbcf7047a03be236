import Foundation
import Motion
import Testing

@testable import tacc

@Suite("Trials of many pairs")
struct TrialTests {
  /// A directory that is gone when the test ends.
  final class Directory {
    let path = FileManager.default.temporaryDirectory.path + "/tacc-trials-\(UUID().uuidString)"
    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws {
      let file = path + "/" + name
      try FileManager.default.createDirectory(
        atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    }

    func pair(_ name: String, seconds: Double, _ relation: SimulatorParameters.Relation = .together) throws {
      var parameters = SimulatorParameters(seed: 3, seconds: seconds, restBefore: 1.2)
      parameters.relation = relation
      try Simulator.simulate(parameters).pair.write(to: path + "/" + name)
    }
  }

  /// A short simulated pair.
  private func simulated(
    _ name: String, seconds: Double, _ change: (inout SimulatorParameters) -> Void = { _ in }
  ) -> Trial {
    var parameters = SimulatorParameters(seed: 7, seconds: seconds, restBefore: 1.2)
    change(&parameters)
    return Trial(source: .simulation(parameters), name: name)
  }

  @Test("are counted by directory and name without the number")
  func categories() {
    let expected = [
      "rigid-1": "rigid", "sim/rigid-12": "sim/rigid", "real/mimu-e2-1": "real/mimu-e", "far-apart-003": "far-apart",
      "plain": "plain", "a/7": "a/7", "12": "12", "x9": "x", "two-words": "two-words",
    ]
    for (name, category) in expected { #expect(Trial.category(of: name) == category, "\(name)") }
  }

  @Test("are found at any depth, in order, named by their paths; a pair twice given counts once")
  func found() throws {
    let tree = try Directory()
    for name in ["sim/b-2", "sim/a-1", "c-1", "sim/a-1/alice"] { try tree.write("{}", to: name + "/pair.json") }
    try tree.write("", to: "empty/readme")
    #expect(try Trial.found(in: [tree.path]).map(\.name) == ["c-1", "sim/a-1", "sim/b-2"])
    #expect(try Trial.found(in: [tree.path + "/"]).map(\.name) == ["c-1", "sim/a-1", "sim/b-2"])
    #expect(try Trial.found(in: [tree.path + "/sim", tree.path + "/sim"]).count == 2)
    #expect(try Trial.found(in: [tree.path + "/c-1"]).map(\.name) == [tree.path + "/c-1"])
    #expect(throws: CaptureError.self) { try Trial.found(in: [tree.path + "/absent"]) }
  }

  @Test("say what is wrong with a pair that cannot be read, and try the others")
  func unreadable() throws {
    let tree = try Directory()
    try tree.pair("good-1", seconds: 3.4)
    try tree.write("{\"together\": tru", to: "broken-1/pair.json")
    try tree.write("{\"together\": true}", to: "half-1/pair.json")
    let report = EvaluationReport(
      TrialRunner(jobs: 2, margin: 512).run(try Trial.found(in: [tree.path])) {}, margin: 512)
    #expect(report.unreadable == ["broken-1", "half-1"])
    #expect(report.pairs.first { $0.name == "good-1" }?.verdict == .aborted)
    #expect(report.pairs.filter { $0.verdict == .unreadable }.allSatisfy { $0.error?.contains(tree.path) == true })
    #expect(report.exitStatus?.code == 2)
    #expect(report.exitStatus?.message?.contains("broken-1") == true)
    let text = EvaluationTable(isColoured: false).text(report, listsPairs: true)
    #expect(text.contains("cannot be read\n  broken-1: "))
  }

  @Test("give the same figures in the same order whatever the number of jobs, from files as from memory, both ways")
  func deterministic() throws {
    let tree = try Directory()
    let simulations = [
      simulated("rigid-1", seconds: 5.5), simulated("replay-1", seconds: 3.4) { $0.relation = .replay },
    ]
    for trial in simulations {
      guard case .simulation(let parameters) = trial.source else { continue }
      try Simulator.simulate(parameters).pair.write(to: tree.path + "/" + trial.name)
    }
    func results(_ trials: [Trial], jobs: Int) -> EvaluationReport {
      var results = TrialRunner(jobs: jobs, margin: 512).run(trials) {}
      // Everything but the time that it took.
      for index in results.indices { results[index].seconds.processing = nil }
      return EvaluationReport(results, margin: 512)
    }
    let trials = try Trial.found(in: [tree.path])
    let one = results(trials + trials.map(\.swapped), jobs: 1)
    let json = try one.json()
    #expect(try results(trials.map(\.swapped).reversed() + trials.reversed(), jobs: 3).json() == json)
    #expect(one.pairs.map(\.title) == ["replay-1", "replay-1 swapped", "rigid-1", "rigid-1 swapped"])
    #expect(json.contains("too-short") && json.contains("not-shaken-together"))
    // Who is called Alice changes no figure, nor which of the boards is the reference.
    #expect(one.pairs[2].kept != nil && one.pairs[2].kept == one.pairs[3].kept)
    #expect(Set([one.pairs[2].reference, one.pairs[3].reference]) == ["alice", "bob"])
    #expect(try results(simulations, jobs: 2).json() == results(trials, jobs: 2).json())
  }

  @Test("are simulated for every class and seed, named so that they sort")
  func classes() throws {
    let trials = Trial.simulated([.mimic, .rigid], seeds: 9..<12)
    #expect(trials.map(\.name) == ["mimic-009", "mimic-010", "mimic-011", "rigid-009", "rigid-010", "rigid-011"])
    guard case .simulation(let parameters) = trials[1].source else {
      Issue.record("no simulation")
      return
    }
    #expect(parameters == SimulatedClass.mimic.parameters(seed: 10))
    #expect(Trial.simulated([.loose], seeds: 9999..<10_001).map(\.name) == ["loose-09999", "loose-10000"])
  }

  @Test("tell of every end, on any number of jobs")
  func counts() {
    // Too short to be simulated: each ends at once.
    let trials = (1...3).map { simulated("none-\($0)", seconds: 0) }
    let bar = ProgressBar(total: trials.count, isShown: false)
    #expect(TrialRunner(jobs: 8, margin: 512).run(trials) { bar.advance() }.count == 3)
    #expect(bar.count == 3)
    #expect(TrialRunner(jobs: 2, margin: 512).run([]) {}.isEmpty)
    #expect(ProgressBar.line(0, of: 4) == "[------------------------------] 0 of 4")
    #expect(ProgressBar.line(2, of: 4) == "[###############---------------] 2 of 4")
    #expect(ProgressBar.line(4, of: 4) == "[##############################] 4 of 4")
  }
}
