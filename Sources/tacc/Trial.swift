import Agreement
import Foundation
import Motion
import Pairing

/// One pair to try.
struct Trial: Sendable {
  /// Where its recordings come from.
  enum Source: Sendable {
    case directory(String)
    case simulation(SimulatorParameters)
  }

  /// Where its recordings come from.
  let source: Source
  /// What it is called in tables: unique among the trials of a run.
  let name: String
  /// What it is counted with.
  let category: String
  /// Whether Alice and Bob change places.
  private(set) var isSwapped = false

  init(source: Source, name: String) {
    self.source = source
    self.name = name
    category = Self.category(of: name)
  }

  /// The same pair with Alice and Bob in each other's place.
  var swapped: Trial {
    var copy = self
    copy.isSwapped.toggle()
    return copy
  }

  /// A name without its number: "sim/rigid-12" is of "sim/rigid", "real/mimu-e2-1" of "real/mimu-e".
  static func category(of name: String) -> String {
    func isDigit(_ character: Character) -> Bool { character.isASCII && character.isNumber }
    var end = name[...]
    while let last = end.last, isDigit(last) { end.removeLast() }
    if end.count < name.count, end.last == "-" {
      end.removeLast()
      while let last = end.last, isDigit(last) { end.removeLast() }
    }
    return end.isEmpty || end.last == "/" ? name : String(end)
  }

  /// All pairs below some directories, each named by its path below the directory; where there are several, by its path.
  static func found(in roots: [String]) throws(CaptureError) -> [Trial] {
    var trials: [Trial] = []
    var seen: Set<String> = []
    for root in roots {
      for path in try CapturePair.directories(below: root) where seen.insert(path).inserted {
        var name = path[...]
        if roots.count == 1, path != root { name = name.dropFirst(root.count).drop { $0 == "/" } }
        trials.append(Trial(source: .directory(path), name: String(name)))
      }
    }
    return trials
  }

  /// A pair of every class for every seed, named by both.
  static func simulated(_ classes: [SimulatedClass], seeds: Range<UInt64>) -> [Trial] {
    let digits = max(3, "\(seeds.upperBound - 1)".count)
    var trials: [Trial] = []
    for kind in classes {
      for seed in seeds {
        let name = name(kind.rawValue, seed: seed, digits: digits)
        trials.append(Trial(source: .simulation(kind.parameters(seed: seed)), name: name))
      }
    }
    return trials
  }

  /// "mimic-007": names that sort as their seeds do.
  static func name(_ kind: String, seed: UInt64, digits: Int) -> String {
    "\(kind)-\(String(repeating: "0", count: max(0, digits - "\(seed)".count)))\(seed)"
  }

  /// Reads or makes the pair, as given.
  func pair() throws -> CapturePair {
    switch source {
    case .directory(let path): try CapturePair.read(directory: path)
    case .simulation(let parameters): try Simulator.simulate(parameters).pair
    }
  }

  /// Reads or makes the pair and runs the whole pairing.
  func run(profile: QuantiserProfile = .guard, margin: Int) -> TrialResult {
    var result = TrialResult(self)
    let pair: CapturePair
    do {
      pair = try self.pair()
    } catch {
      result.error = "\(error)"
      return result
    }
    result.together = pair.manifest.together
    let (first, second) = isSwapped ? (pair.bob, pair.alice) : (pair.alice, pair.bob)
    var pairing = LocalPairing(alice: first.recording, bob: second.recording, stopwatch: Stopwatch.now)
    pairing.profile = profile
    pairing.margin = margin
    do {
      result.take(try pairing.run())
    } catch {
      result.verdict = .aborted
      result.abort = .init(code: error.code, message: "\(error)")
      result.isFault = true
    }
    return result
  }
}
