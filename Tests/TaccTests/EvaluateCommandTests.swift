import Motion
import Testing

@testable import tacc

@Suite("The commands evaluate and simulate")
struct EvaluateCommandTests {
  @Test(
    "take one kind of input",
    arguments: [
      ["pair"], ["--alice", "a", "--bob", "b"], ["--all", "a", "b", "--json"], ["--all", "a", "--both-ways"],
      ["--simulate", "mimic", "replay", "--count", "5", "--jobs", "1", "--summary"], ["pair", "--swap"],
    ])
  func accepted(arguments: [String]) throws { _ = try Evaluate.parse(arguments) }

  @Test(
    "refuse what does not go together",
    arguments: [
      [], ["--alice", "a"], ["pair", "--alice", "a", "--bob", "b"], ["--all", "a", "--simulate", "mimic"],
      ["pair", "--both-ways"], ["pair", "--jobs", "2"], ["--all", "a", "--swap", "--both-ways"],
      ["--simulate", "nobody"], ["--simulate", "mimic", "--count", "0"], ["--all", "a", "--jobs", "0"],
      ["--all", "a", "--margin", "12"], ["--simulate", "mimic", "--seed", "18446744073709551615"],
    ])
  func refused(arguments: [String]) { #expect(throws: (any Error).self) { try Evaluate.parse(arguments) } }

  @Test("explain every class and every column")
  func help() {
    let help = Evaluate.helpMessage()
    for kind in SimulatedClass.allCases { #expect(help.contains("  \(kind.rawValue)  "), "\(kind)") }
    for column in ["shake s", "stop s", "error %", "usable", "bound", "trips"] { #expect(help.contains(column)) }
    #expect(Simulate.helpMessage().contains("far-apart"))
  }

  @Test("simulate a class, with what is asked for in its place")
  func simulated() throws {
    let loose = try Simulate.parse(["--out", "x", "--class", "loose"])
    #expect(loose.parameters(seed: 5) == SimulatedClass.loose.parameters(seed: 5))
    let changed = try Simulate.parse(["--out", "x", "--class", "mixed-rates", "--accel-range", "4", "--rate", "50"])
      .parameters(seed: 5)
    #expect(changed.accelerationRange == 4 && changed.accelerationRangeBob == nil)
    #expect(changed.rateAlice == 50 && changed.rateBob == 50)
    #expect(try Simulate.parse(["--out", "x"]).parameters(seed: 5) == SimulatorParameters(seed: 5))
    #expect(try Simulate.parse(["--out", "x", "--replay"]).parameters(seed: 5).relation == .replay)
    #expect(throws: (any Error).self) { try Simulate.parse(["--out", "x", "--count", "0"]) }
  }
}
