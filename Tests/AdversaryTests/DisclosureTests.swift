import Agreement
import Motion
import Pairing
import Testing

@testable import Adversary

@Suite("What a pairing in one process discloses to the bench")
struct DisclosureTests {
  @Test("is nothing unless it is asked for")
  func silent() throws {
    let (alice, outcome) = try Fixture.outcome(seed: 1, discloses: false)
    #expect(outcome.isPaired && outcome.disclosure == nil)
    #expect(AttackedPair(name: "x", recording: alice, outcome: outcome) == nil)
  }

  @Test("are the cells that became the key's bits, and what the pairing credits for them")
  func cells() throws {
    let (alice, outcome) = try Fixture.outcome(seed: 1)
    let pair = try #require(AttackedPair(name: "x", recording: alice, outcome: outcome))
    #expect(pair.keptBits == outcome.aliceReport.keptBits)
    let clamp = try #require(outcome.aliceReport.clamp)
    #expect(pair.creditedBits >= clamp.entropyBits && pair.creditedBits <= pair.keptBits / 5)
    #expect(pair.leakageBits >= clamp.leakageBits && pair.leakageBits > 0)
    #expect(pair.values.count == pair.steps.count * pair.channels.count && pair.values.count == pair.symbols.count)
    for cell in pair.symbols.indices {
      #expect((pair.symbols[cell] >= 0) == (pair.ownKept[cell] && pair.peerKept[cell]))
    }
    // Nearly all of Bob's decisions are Alice's: it is the same motion.
    let disclosure = try #require(outcome.disclosure)
    let quantiser = try #require(disclosure.plan.channels.first?.quantiser)
    let first = stride(from: 0, to: pair.symbols.count, by: pair.channels.count).filter { pair.symbols[$0] >= 0 }
    let agreeing = first.count { quantiser.cell(pair.values[$0]) == quantiser.cell(disclosure.bob.values[$0]) }
    #expect(agreeing * 100 > first.count * 95)
  }

  @Test("values follow from the motion by gain and shift, exactly, and the shift from earlier motion alone")
  func valueMap() throws {
    let pair = try Fixture.first.get()
    let table = try #require(MotionTable(pair, channels: pair.observed, spacing: pair.spacing))
    let map = ValueMap(pair, table)
    let kept = pair.symbols.indices.filter { pair.symbols[$0] >= 0 }
    for cell in kept {
      let channel = cell % pair.channels.count
      let column = try #require(table.channels.firstIndex(of: pair.channels[channel]))
      let motion = table[pair.steps.lowerBound + cell / pair.channels.count, column] * table.scales[column]
      let value = map.gains[cell] * motion + map.shifts[cell]
      #expect(abs(value - pair.values[cell]) < 1e-4 * pair.valueScales[channel], "cell \(cell)")
    }
    #expect(kept.count > 500)
    // With the last step's motion altered, gains and shifts of that step stay as they were.
    var altered = table
    let last = pair.steps.upperBound - 1
    for column in table.channels.indices { altered.values[last * table.channels.count + column] += 1 }
    let other = ValueMap(pair, altered)
    for channel in pair.channels.indices {
      let cell = (pair.steps.count - 1) * pair.channels.count + channel
      guard other.gains[cell].isFinite, map.gains[cell].isFinite else { continue }
      // One equation of a second is wrong now: then the map of the second before counts.
      #expect(abs(other.gains[cell] / map.gains[cell] - 1) < 0.5)
    }
  }
}
