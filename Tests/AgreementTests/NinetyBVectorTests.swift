import Foundation
import Testing

@testable import Agreement

/// Values that NIST's own tool for SP 800-90B (`ea_non_iid`, commit 68ed165) gave for the strings in Fixtures/ninetyb.
struct NinetyBVector: Sendable, CustomTestStringConvertible {
  struct Expected: Decodable, Sendable {
    let bits: Double
    let hits: Int?
    let guesses: Int?
    let runPlusOne: Int?
  }
  let file: String
  let expected: [String: Expected]
  var testDescription: String { file }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures/ninetyb")

  static func all() throws -> [NinetyBVector] {
    let data = try Data(contentsOf: folder.appendingPathComponent("expected.json"))
    return try JSONDecoder().decode([String: [String: Expected]].self, from: data)
      .map { NinetyBVector(file: $0.key, expected: $0.value) }.sorted { $0.file < $1.file }
  }

  func bits() throws -> BitString {
    BitString(try Data(contentsOf: Self.folder.appendingPathComponent(file)).map { $0 != 0 })
  }
}

@Suite("SP 800-90B estimates equal those of NIST's tool")
struct NinetyBVectorTests {
  @Test func allFixturesArePresent() throws {
    #expect(try NinetyBVector.all().count == 14)
  }

  @Test(arguments: try NinetyBVector.all())
  func predictors(vector: NinetyBVector) throws {
    let bits = try vector.bits().unpackedScratch()
    let runs: [(String, PredictionEstimate)] = [
      ("multi_mcw", MultiMCWPrediction.run(bits)), ("lag", LagPrediction.run(bits)),
      ("multi_mmc", MultiMMCPrediction.run(bits)), ("lz78y", LZ78YPrediction.run(bits)),
    ]
    for (name, run) in runs {
      // The tool does not run MultiMCW on 4096 bits or fewer.
      guard let expected = vector.expected[name] else {
        #expect(name == "multi_mcw" && bits.count <= 4096)
        continue
      }
      #expect(run.hits == expected.hits, "\(name)")
      #expect(run.predictions == expected.guesses, "\(name)")
      #expect(run.longestRun + 1 == expected.runPlusOne, "\(name)")
      #expect(abs(try #require(run.bits) - expected.bits) < 1e-9, "\(name)")
    }
  }

  @Test(arguments: try NinetyBVector.all())
  func mostCommonValueAndMarkov(vector: NinetyBVector) throws {
    let bits = try vector.bits()
    let commoner = max(bits.onesCount, bits.count - bits.onesCount)
    let mostCommon = try #require(vector.expected["mcv"])
    #expect(commoner == mostCommon.hits)
    let bound = try #require(ConfidenceBound.mostCommonValue(count: commoner, of: bits.count, alphabet: 2))
    #expect(abs(bound - mostCommon.bits) < 1e-9)
    #expect(EntropyBound.bias(of: bits).millibits == Int(mostCommon.bits * 1000))
    let markov = try #require(MarkovEstimate.bits(of: bits.unpackedScratch()))
    #expect(abs(markov - (try #require(vector.expected["markov"])).bits) < 1e-9)
  }

  /// The tool's figures for 100,000 bits of a band-limited process sampled at 100 Hz, where the long run decides.
  @Test func localLimit() throws {
    let estimate = PredictionEstimate(predictions: 99937, hits: 49413, longestRun: 36)
    #expect(abs(try #require(estimate.localLimit(above: 0.49851529402022882)) - 0.66645172279120179) < 1e-9)
    #expect(abs(try #require(estimate.bits) - 0.58542772341756788) < 1e-9)
  }
}
