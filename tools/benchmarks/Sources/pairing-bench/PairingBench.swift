import ArgumentParser
import Motion
import Pairing

/// Measures whole pairings, stage by stage.
@main
struct PairingBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pairing-bench",
    abstract: "Processor time and heap allocations of whole pairings, by stage.",
    discussion: """
      Runs both sides of the protocol over simulated pairs, on one thread, as two boards would run it: sealed messages \
      and all, without a network. Samples come in tenths of a second. A stage has the time of all events that were handled \
      while both sides were in it or before it; figures are medians over the pairs that paired, of both sides together.

      STAGES
        opening      greeting, outer channel, clock probes
        waiting      looking for the onset
        preambles    the first two seconds: alignment, gates, plan
        shaking      low-pass, innovations, masks; also per second of the shake
        bits         gates, entropy bounds, Cascade
        keys         commitments, handshake, confirmation
        after        all that comes after the last sample
      """)

  @Option(parsing: .upToNextOption, help: "Classes of simulated pairs, as of tacc evaluate.")
  var simulate: [SimulatedClass] = [.rigid, .loose, .farApart, .mixedRates]

  @Option(help: "Pairs per class.")
  var count = 20

  @Option(help: "Seed of the first pair; the next ones count up.")
  var seed: UInt64 = 1

  func validate() throws {
    guard count > 0, count <= 10_000, seed <= UInt64.max - 10_000 else {
      throw ValidationError("--count: expected 1 to 10000; --seed: expected less than 2^64 − 10^4")
    }
  }

  func run() throws {
    print("class         stage         ms     allocations")
    for kind in simulate {
      var runs: [[Stage: Cost]] = []
      for seed in seed..<seed + UInt64(count) {
        let pair = try Simulator.simulate(kind.parameters(seed: seed))
        var duet = try Duet(alice: pair.alice.recording, bob: pair.bob.recording)
        if duet.run() { runs.append(duet.costs) }
      }
      for stage in Stage.allCases {
        let costs = runs.compactMap { $0[stage] }
        print(
          pad(kind.rawValue, 14) + pad(stage.rawValue, 12) + Cost.median(costs.map(\.milliseconds))
            + Cost.median(costs.map { Double($0.allocations) }, digits: 0))
      }
      print(pad(kind.rawValue, 14) + "paired \(runs.count) of \(count)")
    }
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}

extension SimulatedClass: @retroactive ExpressibleByArgument {}
