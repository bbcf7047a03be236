/// What the two public preambles say of the channels at one spacing: the material of the plan.
public struct PreambleStatistics: Sendable {
  /// One channel's figures.
  public struct Channel: Sendable {
    /// Which one.
    public let channel: MotionChannel
    /// rms of Alice's innovation, SI units.
    public let deviation: Double
    /// rms of the difference between the two boards' innovations, SI units.
    public let difference: Double
    /// Correlation of the two innovations.
    public let correlation: Double
    /// Alice's innovations over the preamble, in units of `deviation`, NaN where spoilt on her side.
    public let own: [Double]
    /// Bob's, mapped, in the same units, NaN where spoilt on his side.
    public let peer: [Double]
    /// rms of what an AR(6) predictor of the low-passed motion leaves, over rms of the innovation; at most 1.
    public let unpredictable: Double
  }

  /// The chain, with predictors fitted on Alice's preamble.
  public let chain: InnovationChain
  /// Every channel that both boards measure, gyroscope first.
  public let channels: [Channel]

  /// The fewest steps that say something of a channel.
  public static let fewestSteps = 24

  /// The figures at a spacing of `width` grid points with predictors of one order.
  ///
  /// - Returns: `nil` where nothing can be fitted.
  public init?(
    alice: Preamble, bob: Preamble, alignment: Alignment, grid: SampleGrid, width: Int, order: Int
  ) {
    let a = alice.recording
    let b = bob.recording
    guard let steps = PreambleStatistics.steps(alignment, grid, width: width) else { return nil }
    let points = ((steps.lowerBound - 8) * width)..<(steps.upperBound * width)
    let own = gridOwnScans(a, onset: 0, grid: grid, range: points)
    let kinds = PreambleStatistics.kinds(of: a, alignment)

    let lead = 8
    let extended = (steps.lowerBound - lead)..<steps.upperBound
    var models: [InnovationModel] = []
    var residuals: [MotionChannel: Double] = [:]
    for kind in kinds {
      let series = StepSeries(own, kind: kind, steps: extended, width: width)
      let range = lead..<series.values.count
      for channel in (0..<3).map({ MotionChannel(kind: kind, axis: $0) }) {
        guard let model = InnovationModel.fit(channel: channel, order: order, series: series, range: range) else {
          continue
        }
        models.append(model)
        residuals[channel] = PreambleStatistics.autoregressiveResidual(channel: channel, series: series, range: range)
      }
    }
    guard let chain = InnovationChain(width: width, models: models) else { return nil }
    let all = models.map(\.channel)
    let ownBlock = chain.ownInnovations(of: a, onset: 0, grid: grid, channels: all, steps: steps)
    let peerBlock = chain.peerInnovations(
      of: b, onset: 0, alignment: alignment, grid: grid, channels: all, steps: steps)
    var result: [Channel] = []
    for (c, channel) in all.enumerated() {
      let x = (0..<steps.count).map { ownBlock.values[$0 * all.count + c] }
      let y = (0..<steps.count).map { peerBlock.values[$0 * all.count + c] }
      let both = zip(x, y).filter { $0.0.isFinite && $0.1.isFinite }
      let usable = x.filter(\.isFinite)
      guard both.count >= PreambleStatistics.fewestSteps else { continue }
      let power = usable.reduce(0) { $0 + $1 * $1 } / Double(usable.count)
      let n = Double(both.count)
      let xx = both.reduce(0) { $0 + $1.0 * $1.0 } / n
      let yy = both.reduce(0) { $0 + $1.1 * $1.1 } / n
      let xy = both.reduce(0) { $0 + $1.0 * $1.1 } / n
      guard power > 0, xx > 0, yy > 0 else { continue }
      let deviation = power.squareRoot()
      result.append(
        Channel(
          channel: channel, deviation: deviation, difference: max(0, xx + yy - 2 * xy).squareRoot(),
          correlation: xy / (xx * yy).squareRoot(), own: x.map { $0 / deviation }, peer: y.map { $0 / deviation },
          unpredictable: min(1, (residuals[channel] ?? 0) / deviation)))
    }
    guard !result.isEmpty else { return nil }
    self.chain = chain
    channels = result
  }

  /// rms residual of the best AR(6) predictor of one axis of a series; first differences for acceleration.
  private static func autoregressiveResidual(
    channel: MotionChannel, series: StepSeries, range: Range<Int>
  ) -> Double? {
    let order = 6
    let flag = AxisFlags(axis: channel.axis)
    var equations = LeastSquares(unknowns: order)
    for t in range where t >= order + 1 {
      guard (0...(order + 1)).allSatisfy({ !series.invalid[t - $0].contains(flag) }) else { continue }
      func x(_ lag: Int) -> Double {
        let value = series.values[t - lag][channel.axis]
        return channel.kind == .gyroscope ? value : value - series.values[t - lag - 1][channel.axis]
      }
      equations.add((1...order).map(x), target: x(0))
    }
    guard equations.count >= 20, let solution = equations.solve() else { return nil }
    // Degrees of freedom corrected, so that a short preamble does not look more predictable than it is.
    return (equations.residual(of: solution) / Double(equations.count - order)).squareRoot()
  }

  /// The correlation of the two whitened preambles over all channels at a lag of `lag` steps.
  public func whitenedCorrelation(lag: Int) -> Double {
    var xy = 0.0
    var xx = 0.0
    var yy = 0.0
    for channel in channels {
      for t in channel.own.indices {
        let u = t + lag
        guard channel.peer.indices.contains(u), channel.own[t].isFinite, channel.peer[u].isFinite else { continue }
        xy += channel.own[t] * channel.peer[u]
        xx += channel.own[t] * channel.own[t]
        yy += channel.peer[u] * channel.peer[u]
      }
    }
    return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : 0
  }
}
