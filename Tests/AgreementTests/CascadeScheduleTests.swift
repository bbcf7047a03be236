import Agreement
import Testing

@Suite struct CascadeScheduleTests {
  @Test func publishedBlockSizes() throws {
    func sizes(_ variant: CascadeSchedule.Variant, _ count: Int, _ rate: Double) throws -> [Int] {
      try CascadeSchedule(count: count, errorRate: rate, variant: variant).blockSizes
    }
    #expect(try sizes(.original, 10_000, 0.01) == [73, 146, 292, 584])
    #expect(try sizes(.biconf, 10_000, 0.01) == [92, 276] + [Int](repeating: 5000, count: 10))
    #expect(try sizes(.yan, 10_000, 0.01) == [80, 400] + [Int](repeating: 5000, count: 8))
    #expect(try sizes(.option4, 10_000, 0.01) == [100, 200] + [Int](repeating: 5000, count: 14))
    #expect(try sizes(.option7, 10_000, 0.01) == [128, 512] + [Int](repeating: 5000, count: 12))
    // α = 6.14 makes 2^7 and 2^⌈9.07⌉; α = 4.14 makes 2^5 and 2^⌈8.07⌉.
    #expect(try sizes(.option8, 10_000, 0.01) == [128, 1024, 4096] + [Int](repeating: 5000, count: 11))
    #expect(try sizes(.option8, 10_000, 0.04) == [32, 512, 4096] + [Int](repeating: 5000, count: 11))
    // A block never exceeds half the string.
    #expect(try sizes(.option8, 2000, 0.01) == [128] + [Int](repeating: 1000, count: 13))
  }

  @Test func fewErrorsTakeOnePassAndMoreTakeLargerBlocksAndMoreVerification() throws {
    let none = try CascadeSchedule(count: 4000, errorRate: 0)
    #expect(none.blockSizes == [4000] + [Int](repeating: 2000, count: 9))
    #expect(none.structuredPasses == 1)
    let few = try CascadeSchedule(count: 4000, errorRate: 0.001)
    #expect(few.blockSizes == [500, 1000] + [Int](repeating: 2000, count: 10))
    #expect(few.structuredPasses == 2)
    let more = try CascadeSchedule(count: 4000, errorRate: 0.01)
    #expect(more.blockSizes.prefix(2) == [50, 122])
  }

  @Test func theErrorRateIsClamped() throws {
    let none = try CascadeSchedule(count: 4000, errorRate: 0)
    #expect(none.errorRate == 0.5 / 4000)
    #expect(try none == CascadeSchedule(count: 4000, errorRate: 1e-300))
    #expect(try CascadeSchedule(count: 4000, errorRate: 0.5).errorRate == 0.25)
  }

  @Test func correctionLimitIsTwiceTheExpectationAndHalfAPercent() throws {
    #expect(try CascadeSchedule(count: 4000, errorRate: 0.01).correctionLimit == 100)
    #expect(try CascadeSchedule(count: 4000, errorRate: 0).correctionLimit == 21)
  }

  @Test func everyVariantHasUsablePassesAtEveryLengthAndRate() throws {
    for variant in CascadeSchedule.Variant.allCases {
      for count in [2, 3, 5, 17, 100, 2049, 65_536] {
        for rate in [0, 1e-4, 0.003, 0.05, 0.25, 0.5] {
          let schedule = try CascadeSchedule(count: count, errorRate: rate, variant: variant)
          #expect((1...CascadeSchedule.passLimit).contains(schedule.blockSizes.count))
          #expect((1...schedule.blockSizes.count).contains(schedule.structuredPasses))
          #expect(schedule.blockSizes.allSatisfy { (1...count).contains($0) }, "\(variant) \(count) \(rate)")
        }
      }
    }
  }

  @Test(arguments: [-1, 0, 1, 65_537, .max])
  func unsupportedLengths(count: Int) {
    #expect(throws: CascadeError.unsupportedLength(count)) { try CascadeSchedule(count: count, errorRate: 0.01) }
  }

  @Test(arguments: [-0.001, 0.501, .infinity, -.infinity, .nan, .signalingNaN])
  func ratesThatAreNone(rate: Double) {
    #expect(throws: CascadeError.invalidErrorRate) { try CascadeSchedule(count: 4000, errorRate: rate) }
  }
}
