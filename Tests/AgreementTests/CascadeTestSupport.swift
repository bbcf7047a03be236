import Agreement

/// SplitMix64 (Steele, Lea and Flood, 2014): a seeded generator whose words are the same everywhere.
struct CascadeTestGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  /// A permutation stream for every pass, as the two sides would key one.
  static func streams(seed: UInt64) -> @Sendable (Int) -> CascadeTestGenerator {
    { CascadeTestGenerator(seed: seed &+ UInt64($0) &* 0xA24B_AED4_963E_E407) }
  }
}

/// Two strings that differ in some bits.
struct NoisyPair {
  var alice: BitString
  var bob: BitString
  var errors: Int

  /// `count` random bits, each flipped on Bob's side with probability `errorRate`.
  init(count: Int, errorRate: Double, using generator: inout CascadeTestGenerator) {
    alice = BitString((0..<count).map { _ in generator.next() & 1 == 1 })
    bob = alice
    errors = 0
    for index in 0..<count where Double(generator.next() >> 11) * 0x1p-53 < errorRate {
      bob.flip(index)
      errors += 1
    }
  }
}

/// What passed between the two sides of a run.
struct CascadeRun {
  var report: CascadeReport
  var reconciled: BitString
  var batches: [[ParityQuery]] = []
  var answered = 0
  var aliceLedger = LeakageLedger()
  var bobLedger = LeakageLedger()

  /// Runs both sides through the wire codecs.
  init(
    _ pair: NoisyPair, schedule: CascadeSchedule, seed: UInt64
  ) throws {
    let streams = CascadeTestGenerator.streams(seed: seed)
    var responder = try CascadeResponder(bits: pair.alice, budget: .max, stream: streams)
    var corrector = try CascadeCorrector(bits: pair.bob, schedule: schedule, stream: streams)
    var aliceLedger = LeakageLedger()
    var bobLedger = LeakageLedger()
    var batches: [[ParityQuery]] = []
    var step = try corrector.start()
    while case .ask(let queries) = step {
      batches.append(queries)
      let answers = try responder.answer(ParityQuery.decode(ParityQuery.encode(queries)), debiting: &aliceLedger)
      let received = try ParityAnswers.decode(ParityAnswers.encode(answers), count: queries.count)
      step = try corrector.receive(received, debiting: &bobLedger)
    }
    guard case .finished(let report) = step else { throw CascadeError.outOfTurn }
    self.report = report
    self.batches = batches
    self.aliceLedger = aliceLedger
    self.bobLedger = bobLedger
    reconciled = corrector.correctedBits
    answered = responder.answered
  }
}

/// The number of positions in which two strings of one length differ.
func distance(_ one: BitString, _ other: BitString) -> Int {
  (0..<one.count).reduce(0) { $0 + (one[$1] != other[$1] ? 1 : 0) }
}
