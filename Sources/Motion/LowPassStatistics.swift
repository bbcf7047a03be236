/// What the two public preambles say of low-passed motion at one spacing: the material of a plan on a lattice.
public struct LowPassStatistics: Sendable {
  /// One channel's figures.
  public struct Channel: Sendable {
    /// Which one.
    public let channel: MotionChannel
    /// Standard deviation of Alice's values, SI units.
    public let deviation: Double
    /// Standard deviation of the difference between the two boards' values, SI units.
    public let difference: Double
    /// Weights of the last two differences, latest first, that foretell the next.
    public let differenceWeights: SIMD2<Double>
    /// rms of what these leave of the difference, SI units.
    public let innovation: Double
    /// What to add to Bob's values: the mean of that difference, SI units. A difference in bias does not change.
    public let bias: Double
    /// Correlation of the two boards' values.
    public let correlation: Double
    /// Alice's values over the preamble, SI units, NaN where spoilt on her side.
    public let own: [Double]
    /// Bob's, mapped, less the difference in bias, NaN where spoilt on his side.
    public let peer: [Double]
    /// rms of what an AR(6) predictor of Alice's values leaves, SI units.
    public let unpredictable: Double
  }

  /// The low-pass.
  public let lowPass: LowPass
  /// Every channel that both boards measure, gyroscope first.
  public let channels: [Channel]

  /// The figures at a spacing of `width` grid points.
  ///
  /// - Returns: `nil` where nothing can be said.
  public init?(alice: Preamble, bob: Preamble, alignment: Alignment, grid: SampleGrid, width: Int) {
    let a = alice.recording
    guard let lowPass = LowPass(width: width),
      let steps = PreambleMotion.steps(alignment, grid, width: width)
    else { return nil }
    let all = PreambleMotion.kinds(of: a, alignment).flatMap { kind in
      (0..<3).map { MotionChannel(kind: kind, axis: $0) }
    }
    let ownBlock = lowPass.ownValues(of: a, onset: 0, grid: grid, channels: all, steps: steps)
    let peerBlock = lowPass.peerValues(
      of: bob.recording, onset: 0, alignment: alignment, grid: grid, channels: all, steps: steps)
    channels = all.indices.compactMap { c in
      Channel(
        all[c], own: (0..<steps.count).map { ownBlock.values[$0 * all.count + c] },
        peer: (0..<steps.count).map { peerBlock.values[$0 * all.count + c] })
    }
    guard !channels.isEmpty else { return nil }
    self.lowPass = lowPass
  }
}

extension LowPassStatistics.Channel {
  fileprivate init?(_ channel: MotionChannel, own: [Double], peer: [Double]) {
    let both = zip(own, peer).filter { $0.0.isFinite && $0.1.isFinite }
    guard both.count >= PreambleStatistics.fewestSteps,
      let unpredictable = LowPassStatistics.autoregressiveResidual(own, differences: channel.kind == .accelerometer)
    else { return nil }
    let n = Double(both.count)
    let meanOwn = both.reduce(0) { $0 + $1.0 } / n
    let meanPeer = both.reduce(0) { $0 + $1.1 } / n
    let xx = both.reduce(0) { $0 + ($1.0 - meanOwn) * ($1.0 - meanOwn) } / n
    let yy = both.reduce(0) { $0 + ($1.1 - meanPeer) * ($1.1 - meanPeer) } / n
    let xy = both.reduce(0) { $0 + ($1.0 - meanOwn) * ($1.1 - meanPeer) } / n
    guard xx > 0, yy > 0 else { return nil }
    let bias = meanOwn - meanPeer
    let difference = max(0, xx + yy - 2 * xy).squareRoot()
    let (weights, innovation) = LowPassStatistics.course(of: zip(own, peer).map { $0 - $1 - bias })
    self.init(
      channel: channel, deviation: xx.squareRoot(), difference: difference, differenceWeights: weights,
      innovation: min(innovation, difference), bias: bias, correlation: xy / (xx * yy).squareRoot(), own: own,
      peer: peer.map { $0 + bias }, unpredictable: unpredictable)
  }
}

extension LowPassStatistics {
  /// The weights of the last two values of a series that foretell the next best, and the rms of what they leave.
  fileprivate static func course(of series: [Double]) -> (weights: SIMD2<Double>, innovation: Double) {
    var equations = LeastSquares(unknowns: 2)
    var square = 0.0
    for t in series.indices.dropFirst(2) where (0...2).allSatisfy({ series[t - $0].isFinite }) {
      equations.add([series[t - 1], series[t - 2]], target: series[t])
      square += series[t] * series[t]
    }
    guard equations.count >= 20, let solution = equations.solve() else { return (.zero, .infinity) }
    let residual = equations.residual(of: solution) / Double(equations.count - 2)
    return (SIMD2(solution[0], solution[1]), max(residual, 1e-6 * square / Double(equations.count)).squareRoot())
  }

  /// rms residual of the best AR(6) predictor of a series about its mean, or of its first differences.
  fileprivate static func autoregressiveResidual(_ values: [Double], differences: Bool) -> Double? {
    let order = 6
    let usable = values.filter(\.isFinite)
    let mean = usable.reduce(0, +) / Double(max(1, usable.count))
    let series = differences ? zip(values.dropFirst(), values).map { $0 - $1 } : values.map { $0 - mean }
    var equations = LeastSquares(unknowns: order)
    for t in series.indices.dropFirst(order) where (0...order).allSatisfy({ series[t - $0].isFinite }) {
      equations.add((1...order).map { series[t - $0] }, target: series[t])
    }
    guard equations.count >= 20, let solution = equations.solve() else { return nil }
    // Degrees of freedom corrected, so that a short preamble does not look more predictable than it is.
    return (equations.residual(of: solution) / Double(equations.count - order)).squareRoot()
  }
}
