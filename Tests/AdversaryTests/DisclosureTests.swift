import Agreement
import Motion
import Pairing
import Testing

@testable import Adversary

@Suite("What a pairing in one process discloses to the bench")
struct DisclosureTests {
  @Test("is nothing unless it is asked for")
  func silent() throws {
    let (boards, outcome) = try Fixture.outcome(seed: 1, discloses: false)
    #expect(outcome.isPaired && outcome.disclosure == nil)
    #expect(AttackedPair(name: "x", alice: boards.alice, bob: boards.bob, outcome: outcome) == nil)
  }

  @Test("are the cells that became the key's bits, and what the pairing credits for them")
  func cells() throws {
    let (boards, outcome) = try Fixture.outcome(seed: 1)
    let pair = try #require(AttackedPair(name: "x", alice: boards.alice, bob: boards.bob, outcome: outcome))
    #expect(pair.keptBits == outcome.aliceReport.keptBits)
    let clamp = try #require(outcome.aliceReport.clamp)
    #expect(pair.creditedBits >= clamp.entropyBits && pair.creditedBits <= pair.keptBits / 5)
    #expect(pair.leakageBits >= clamp.leakageBits && pair.leakageBits > 0)
    #expect(pair.values.count == pair.steps.count * pair.channels.count && pair.values.count == pair.symbols.count)
    for cell in pair.symbols.indices {
      #expect((pair.symbols[cell] >= 0) == (pair.ownKept[cell] && pair.peerKept[cell]))
    }
    // Nearly all of the other board's decisions are the reference's: it is the same motion.
    let disclosure = try #require(outcome.disclosure)
    guard case .between(let quantisers) = disclosure.cutting else { throw Fixture.NoBits() }
    let quantiser = try #require(quantisers.first)
    let first = stride(from: 0, to: pair.symbols.count, by: pair.channels.count).filter { pair.symbols[$0] >= 0 }
    let agreeing = first.count { quantiser.cell(pair.values[$0]) == quantiser.cell(disclosure.other.values[$0]) }
    #expect(agreeing * 100 > first.count * 95)
  }

  @Test("on a lattice they are what Bob accepted, with the positions that Alice published")
  func lattice() throws {
    let (boards, outcome) = try Fixture.outcome(seed: 1, profile: .offset)
    let pair = try #require(AttackedPair(name: "x", alice: boards.alice, bob: boards.bob, outcome: outcome))
    let disclosure = try #require(outcome.disclosure)
    guard case .lattice(let quantisers) = disclosure.cutting else { throw Fixture.NoBits() }
    #expect(pair.keptBits == outcome.aliceReport.keptBits && pair.creditedBits <= pair.keptBits / 5)
    let count = pair.channels.count
    var agreeing = 0
    var kept = 0
    for cell in pair.symbols.indices {
      #expect((pair.symbols[cell] >= 0) == (pair.ownKept[cell] && pair.peerKept[cell]))
      guard pair.symbols[cell] >= 0, case .comb(let step, let width) = pair.geometry[cell % count] else { continue }
      // The value lies in its symbol's cell where the position says.
      let cells = pair.values[cell] / step - pair.positions[cell]
      #expect((0..<width + 1e-9).contains(cells - cells.rounded(.down)))
      #expect(Int(cells.rounded(.down)) & ((1 << pair.levels[cell % count]) - 1) == Int(pair.symbols[cell]))
      let bob = quantisers[cell % count].nearest(
        to: disclosure.other.values[cell], position: disclosure.positions[cell])
      kept += 1
      if bob?.cell == Int(pair.symbols[cell]) { agreeing += 1 }
    }
    #expect(kept > 500 && agreeing * 100 > kept * 95)
  }

  @Test("values follow from the motion by gain and shift, exactly", arguments: [QuantiserProfile.guard, .offset])
  func valueMap(profile: QuantiserProfile) throws {
    let pair = try (profile == .guard ? Fixture.first : Fixture.lattice).get()
    let table = try #require(MotionTable(pair))
    let kept = pair.symbols.indices.filter { pair.symbols[$0] >= 0 }
    for cell in kept {
      let channel = cell % pair.channels.count
      let column = try #require(table.channels.firstIndex(of: pair.channels[channel]))
      let motion = table[pair.steps.lowerBound + cell / pair.channels.count, column] * table.scales[column]
      let value = pair.map.gains[cell] * motion + pair.map.shifts[cell]
      #expect(abs(value - pair.values[cell]) < 1e-4 * pair.valueScales[channel], "cell \(cell)")
    }
    #expect(kept.count > 500 && pair.map.failures(pair, table) == 0)
  }
}
