import Agreement
import Motion
import SecureChannel

/// The estimated bounds on the entropy of a kept bit, computed once.
struct EntropyBounds: Sendable {
  let bias: EntropyBound
  let mostCommonByte: EntropyBound
  let prediction: EntropyBound
}

extension PairingCore {
  /// Both have closed the masks: gates and bounds first, and only then the first parity.
  mutating func beginReconciliation(at now: PairingInstant) throws(AbortReason) {
    guard step == .closingMasks, let zone, let usedSeconds else { throw .unexpectedMessage("a mask checkpoint") }
    let symbols: SymbolGrid
    do {
      symbols = try zone.symbolGrid(seconds: usedSeconds)
    } catch {
      throw .internalFault("\(error)")
    }
    bits = symbols.bits
    if !isReference { configuration.rehearsal?.disturb(&bits) }
    do {
      try Gates.check(symbols)
    } catch {
      throw .gate(named("\(error)", in: zone.plan))
    }
    bounds = EntropyBounds(
      bias: .bias(of: bits), mostCommonByte: .mostCommonByte(of: bits),
      prediction: PredictionBound.estimate(symbols).bound)
    // What could be had without a single parity: if that is too little, none is asked for.
    let ceiling = try clamp()
    // Neither side goes beyond what would leave no key: the reference does not answer, the other does not ask.
    let budget = max(0, ceiling.responderBudget ?? 0)
    let schedule: CascadeSchedule
    do {
      schedule = try CascadeSchedule(count: bits.count, errorRate: errorRate)
      if isReference {
        responder = try CascadeResponder(bits: bits, budget: budget, stream: try permutationStream())
        report.cascade = PairingReport.CascadeFigures(leakage: 0, roundTrips: 0)
        enter(.reconciling, at: now)
        return
      }
      var corrector = try CascadeCorrector(
        bits: bits, schedule: schedule, budget: budget, stream: try permutationStream())
      let first = try corrector.start()
      self.corrector = corrector
      enter(.reconciling, at: now)
      try proceed(first, at: now)
    } catch let error as CascadeError {
      throw reason(for: error)
    } catch let reason as AbortReason {
      throw reason
    } catch {
      throw .reconciliation("\(error)")
    }
  }

  /// A gate's text with the channel by its name.
  private func named(_ text: String, in plan: Plan) -> String {
    var text = text
    for (index, channel) in plan.channels.enumerated() {
      text = text.replacing("channel \(index) ", with: "\(channel.name) ")
    }
    return text
  }

  /// The reason to end for; the report's sum is brought up to what has been disclosed.
  private mutating func reason(for error: CascadeError) -> AbortReason {
    _ = try? clamp()
    return switch error {
    case .budgetExceeded: .leakageBudget("\(error)")
    case .tooManyErrors: .tooManyErrors("\(error)")
    default: .reconciliation("\(error)")
    }
  }

  /// The permutation of pass i is drawn from ChaCha20 keyed by H("TACC2/perm" ‖ th_mask ‖ be32(i)).
  private func permutationStream() throws(CryptoError) -> @Sendable (Int) -> ChaCha20Generator {
    let transcript = configuration.permutationKey ?? transcripts["mask"] ?? []
    var generators: [ChaCha20Generator] = []
    for pass in 0..<CascadeSchedule.passLimit {
      generators.append(
        try ChaCha20Generator(key: SHA256.hash(ascii("TACC2/perm") + transcript + bigEndian(UInt32(pass)))))
    }
    return { [generators] pass in generators[pass] }
  }

  /// The sum as it stands, into the report; throws where it is below 128 bits.
  @discardableResult
  private mutating func clamp() throws(AbortReason) -> ClampResult {
    guard let bounds else { throw .internalFault("no bounds") }
    let clamp: EntropyClamp
    do { clamp = try EntropyClamp(marginBits: margin) } catch { throw .internalFault("\(error)") }
    let result = clamp.evaluate(
      keptBits: bits.count, bias: bounds.bias, mostCommonByte: bounds.mostCommonByte, prediction: bounds.prediction,
      leakageBits: report.ledger.total)
    report.clamp = result
    if let reason = result.abort { throw .tooLittleEntropy("\(reason)") }
    return result
  }

  mutating func receiveQueries(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    guard isReference, step == .reconciling, var responder else { throw .unexpectedMessage("a parity query") }
    do throws(CascadeError) {
      let answers = try responder.answer(try ParityQuery.decode(body), debiting: &report.ledger)
      self.responder = responder
      report.cascade?.leakage += answers.count
      report.cascade?.roundTrips += 1
      report.roundTrips += 1
      send(.parityAnswer, ParityAnswers.encode(answers))
    } catch {
      throw reason(for: error)
    }
  }

  mutating func receiveAnswers(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    guard !isReference, step == .reconciling, var corrector else { throw .unexpectedMessage("a parity answer") }
    do {
      let answers = try ParityAnswers.decode(body, count: queriesOutstanding)
      let next = try corrector.receive(answers, debiting: &report.ledger)
      cascadeRoundTrips += 1
      report.roundTrips += 1
      self.corrector = corrector
      try proceed(next, at: now)
    } catch let error as CascadeError {
      throw reason(for: error)
    } catch let reason as AbortReason {
      throw reason
    } catch {
      throw .reconciliation("\(error)")
    }
  }

  private mutating func proceed(_ next: CascadeStep, at now: PairingInstant) throws(AbortReason) {
    switch next {
    case .ask(let queries):
      queriesOutstanding = queries.count
      send(.parityQuery, ParityQuery.encode(queries))
    case .finished(let figures):
      guard let corrector else { return }
      bits = corrector.correctedBits
      report.cascade = PairingReport.CascadeFigures(
        passes: figures.passes, leakage: figures.parities, efficiency: figures.efficiency,
        roundTrips: cascadeRoundTrips, corrected: figures.corrected, backtracked: figures.backtracks)
      try clamp()
      enter(.closingReconciliation, at: now)
      send(.reconciledCheckpoint, [])
    }
  }

  /// The reference learns that the other board is content, and closes the reconciliation on its side.
  mutating func receiveReconciled(_ body: [UInt8], at now: PairingInstant) throws(AbortReason) {
    guard body.isEmpty, step == (isReference ? .reconciling : .closingReconciliation) else {
      throw .unexpectedMessage("a checkpoint of the error correction")
    }
    guard isReference else { return }
    try clamp()
    enter(.closingReconciliation, at: now)
    send(.reconciledCheckpoint, [])
  }
}
