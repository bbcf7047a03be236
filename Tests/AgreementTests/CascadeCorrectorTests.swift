import Agreement
import Testing

@Suite struct CascadeCorrectorTests {
  /// Random lengths, rates and variants. Whatever happens, only wrong bits are changed, all accounts agree, and the
  /// errors left behind are even in number.
  @Test(arguments: 0..<60 as Range<UInt64>)
  func correctsWhatItSaysItCorrects(seed: UInt64) throws {
    var generator = CascadeTestGenerator(seed: seed)
    let count = Int.random(in: 2...(seed % 3 == 0 ? 64 : 3000), using: &generator)
    let rate = [0, 0.001, 0.01, 0.05, 0.15][Int(seed) % 5]
    let variant = CascadeSchedule.Variant.allCases[Int(seed / 5) % CascadeSchedule.Variant.allCases.count]
    let pair = NoisyPair(count: count, errorRate: rate, using: &generator)
    // At this rate the corrections allowed are as many as there are errors, whatever the chance deviation.
    let schedule = try CascadeSchedule(
      count: count, errorRate: min(0.5, max(rate, Double(pair.errors) / Double(count))), variant: variant)
    let run = try CascadeRun(pair, schedule: schedule, seed: seed)

    #expect(run.report.corrected == distance(run.reconciled, pair.bob))
    #expect(distance(run.reconciled, pair.alice) == pair.errors - run.report.corrected)
    #expect((pair.errors - run.report.corrected) % 2 == 0)
    #expect(run.report.parities == run.batches.reduce(0) { $0 + $1.count })
    #expect(run.report.parities == run.answered)
    #expect(run.report.parities == run.aliceLedger.total(of: .paritiesAnswered))
    #expect(run.report.parities == run.bobLedger.total(of: .paritiesReceived))
    #expect(run.report.corrected == run.bobLedger.total(of: .corrections))
    #expect(run.report.roundTrips == run.batches.count)
    #expect(run.report.count == count)
  }

  /// At 2000 to 3000 bits the default leaves errors behind in fewer than one string in a thousand.
  @Test(arguments: [0.0, 0.0004, 0.002, 0.005, 0.02, 0.05])
  func defaultScheduleReconciles(rate: Double) throws {
    var generator = CascadeTestGenerator(seed: UInt64(rate * 1e6))
    for index in 0..<12 {
      let pair = NoisyPair(count: 2000 + 91 * index, errorRate: rate, using: &generator)
      let schedule = try CascadeSchedule(count: pair.alice.count, errorRate: rate)
      let run = try CascadeRun(pair, schedule: schedule, seed: UInt64(index))
      #expect(run.reconciled == pair.alice, "rate \(rate) run \(index)")
      #expect(run.report.corrected == pair.errors)
    }
  }

  /// The whole conversation is a function of lengths, streams and mismatches, so these numbers hold on any machine.
  @Test func knownRun() throws {
    var generator = CascadeTestGenerator(seed: 31)
    let pair = NoisyPair(count: 2500, errorRate: 0.01, using: &generator)
    let run = try CascadeRun(pair, schedule: CascadeSchedule(count: 2500, errorRate: 0.01), seed: 8)
    #expect(run.reconciled == pair.alice)
    let report = run.report
    #expect(
      [report.passes, report.parities, report.corrected, report.backtracks, report.roundTrips] == [12, 225, 25, 6, 15])
  }

  /// Equal strings with different contents lead to the same conversation: queries show mismatches, never bits.
  @Test func queriesDependOnMismatchesOnly() throws {
    var generator = CascadeTestGenerator(seed: 3)
    let pair = NoisyPair(count: 2100, errorRate: 0.02, using: &generator)
    var other = pair
    for index in 0..<2100 where Bool.random(using: &generator) {
      other.alice.flip(index)
      other.bob.flip(index)
    }
    let schedule = try CascadeSchedule(count: 2100, errorRate: 0.02)
    let one = try CascadeRun(pair, schedule: schedule, seed: 1)
    let two = try CascadeRun(other, schedule: schedule, seed: 1)
    #expect(one.batches == two.batches)
    #expect(one.report == two.report)
  }

  /// Within a pass no parity is asked for that follows from others of the pass and the parity of the whole: as sums of
  /// prefix parities they are linearly independent. Only an address that several errors have made up can leave parities
  /// that follow from it and are asked for all the same.
  @Test(arguments: CascadeSchedule.Variant.allCases)
  func nothingImpliedIsAsked(variant: CascadeSchedule.Variant) throws {
    var generator = CascadeTestGenerator(seed: 17)
    let count = 2200
    let pair = NoisyPair(count: count, errorRate: 0.03, using: &generator)
    let schedule = try CascadeSchedule(count: count, errorRate: 0.03, variant: variant)
    let run = try CascadeRun(pair, schedule: schedule, seed: 2)
    #expect(run.report.backtracks > 0)
    var bases: [Int: [Int: Set<Int>]] = [:]
    var implied = 0
    for query in run.batches.joined() {
      // By its largest point, every vector of an echelon basis. The first pass gives the parity of the whole; all
      // others know it.
      var basis = bases[query.pass] ?? (query.pass > 0 ? [count: [0, count]] : [:])
      var vector: Set<Int> = []
      for range in [query.start..<query.end] + query.further {
        vector.formSymmetricDifference([range.lowerBound, range.upperBound])
      }
      while let top = vector.max(), let known = basis[top] { vector.formSymmetricDifference(known) }
      if let top = vector.max() { basis[top] = vector } else { implied += 1 }
      bases[query.pass] = basis
    }
    #expect(implied <= (schedule.addressLimit > 0 ? 2 : 0))
  }

  /// Whatever the error rate, the mean stays in the twenties and single runs under twice that.
  @Test(arguments: [2000, 5000, 10_000], [0, 0.001, 0.005, 0.01, 0.03, 0.05])
  func roundTripsStayFew(count: Int, rate: Double) throws {
    var generator = CascadeTestGenerator(seed: UInt64(count) ^ rate.bitPattern)
    var roundTrips: [Int] = []
    for index in 0..<15 {
      let pair = NoisyPair(count: count, errorRate: rate, using: &generator)
      let schedule = try CascadeSchedule(count: count, errorRate: rate)
      roundTrips.append(try CascadeRun(pair, schedule: schedule, seed: UInt64(index)).report.roundTrips)
    }
    #expect(roundTrips.reduce(0, +) <= 28 * roundTrips.count)
    #expect((roundTrips.max() ?? 0) <= 55)
  }

  /// Few errors are found from what all passes say together, without a search.
  @Test func oneOrTwoErrorsTakeFewRoundTrips() throws {
    for seed in 0..<20 as Range<UInt64> {
      var generator = CascadeTestGenerator(seed: seed)
      var pair = NoisyPair(count: 4000, errorRate: 0, using: &generator)
      pair.bob.flip(Int.random(in: 0..<2000, using: &generator))
      if seed % 2 == 0 { pair.bob.flip(Int.random(in: 2000..<4000, using: &generator)) }
      let run = try CascadeRun(pair, schedule: CascadeSchedule(count: 4000, errorRate: 0.005), seed: seed)
      #expect(run.reconciled == pair.alice)
      #expect(run.report.roundTrips <= 9, "seed \(seed)")
    }
  }

  @Test func aMessageHoldsAtMostSixteenKibibytes() throws {
    var generator = CascadeTestGenerator(seed: 65)
    let count = CascadeSchedule.maximumCount
    let pair = NoisyPair(count: count, errorRate: 0.11, using: &generator)
    let run = try CascadeRun(pair, schedule: CascadeSchedule(count: count, errorRate: 0.11), seed: 1)
    #expect(run.reconciled == pair.alice)
    #expect(run.batches[0].count == ParityQuery.batchLimit)
    for batch in run.batches {
      #expect(ParityQuery.encode(batch).count <= ParityQuery.encodedLimit)
      #expect(batch.count <= ParityQuery.batchLimit)
    }
  }

  @Test func equalStringsTakeOneRoundTrip() throws {
    var generator = CascadeTestGenerator(seed: 40)
    let pair = NoisyPair(count: 4000, errorRate: 0, using: &generator)
    let schedule = try CascadeSchedule(count: 4000, errorRate: 0.0004)
    let run = try CascadeRun(pair, schedule: schedule, seed: 6)
    #expect(run.report.roundTrips == 1)
    // Three blocks of the first pass, one of two of the second, and nine halves.
    #expect(run.report.parities == 13)
    #expect(run.report.efficiency == nil)
  }

  /// Verification grows when the error rate was underestimated.
  @Test func moreErrorsThanExpectedAreVerifiedMore() throws {
    var generator = CascadeTestGenerator(seed: 5)
    let pair = NoisyPair(count: 4000, errorRate: 0.004, using: &generator)
    let schedule = try CascadeSchedule(count: 4000, errorRate: 0.0008)
    let run = try CascadeRun(pair, schedule: schedule, seed: 5)
    #expect(run.report.passes > schedule.blockSizes.count)
    #expect(run.reconciled == pair.alice)
  }

  @Test func reportComputesEfficiency() throws {
    var generator = CascadeTestGenerator(seed: 6)
    let pair = NoisyPair(count: 4000, errorRate: 0.05, using: &generator)
    let run = try CascadeRun(pair, schedule: CascadeSchedule(count: 4000, errorRate: 0.05), seed: 6)
    let atHalf = try #require(run.report.efficiency(errorRate: 0.5))
    #expect(abs(atHalf - Double(run.report.parities) / 4000) < 1e-12)
    let atActual = try #require(run.report.efficiency)
    #expect((1.0...1.2).contains(atActual))
  }
}
