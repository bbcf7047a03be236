/// What the two public preambles say of the channels at one spacing: the material of the plan.
public struct PreambleStatistics: Sendable {
  /// One channel's figures.
  public struct Channel: Sendable {
    /// Which one.
    public let channel: MotionChannel
    /// Moments of Alice's low-passed motion: her predictors.
    public let moments: LagMoments
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
    /// How many innovations either board would have if the other had all of its motion; the larger number.
    public let mostAlone: Int
    /// rms of what an AR(6) predictor of the low-passed motion leaves, over rms of the innovation; at most 1.
    public let unpredictable: Double
  }

  /// Every channel that both boards measure, gyroscope first.
  public let channels: [Channel]

  /// The fewest steps that say something of a channel.
  public static let fewestSteps = 24

  /// The figures with predictors of one order.
  ///
  /// - Returns: `nil` where nothing can be fitted.
  public init?(_ motion: PreambleMotion, order: Int, filters: [MatchingFilter] = []) {
    var result: [Channel] = []
    for kind in motion.kinds {
      guard let own = motion.series(kind, of: .alice, filters: filters),
        let peer = motion.series(kind, of: .bob, filters: filters)
      else { continue }
      for axis in 0..<3 {
        let channel = MotionChannel(kind: kind, axis: axis)
        if let figures = Channel(channel, order: order, own: own, peer: peer, places: motion.places) {
          result.append(figures)
        }
      }
    }
    guard !result.isEmpty else { return nil }
    channels = result
  }

  /// Mean square of the difference between the boards' innovations over that of Alice's, over a sensor's axes; infinite
  /// without any.
  public func mismatch(of kind: SensorKind) -> Double {
    let figures = channels.filter { $0.channel.kind == kind }
    guard !figures.isEmpty else { return .infinity }
    return figures.reduce(0) { $0 + ($1.difference * $1.difference) / ($1.deviation * $1.deviation) }
      / Double(figures.count)
  }

  /// Kurtosis of the differences between the boards' innovations, each channel's in its own rms, over a sensor's axes: 3 for
  /// a Gaussian; `nil` without any.
  public func kurtosis(of kind: SensorKind) -> Double? {
    var count = 0.0
    var fourth = 0.0
    for figures in channels where figures.channel.kind == kind && figures.difference > 0 {
      let unit = figures.deviation / figures.difference
      for (own, peer) in zip(figures.own, figures.peer) where own.isFinite && peer.isFinite {
        let square = (own - peer) * (own - peer) * unit * unit
        count += 1
        fourth += square * square
      }
    }
    return count > 0 ? fourth / count : nil
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

extension PreambleStatistics.Channel {
  /// What two series say of one of their axes; `nil` where too little is there.
  fileprivate init?(_ channel: MotionChannel, order: Int, own: StepSeries, peer: StepSeries, places: Range<Int>) {
    let flag = AxisFlags(axis: channel.axis)
    func a(_ place: Int) -> Double { own.invalid[place].contains(flag) ? .nan : own.values[place][channel.axis] }
    func b(_ place: Int) -> Double { peer.invalid[place].contains(flag) ? .nan : peer.values[place][channel.axis] }
    guard var moments = LagMoments(kind: channel.kind, order: order) else { return nil }
    for place in places { moments.add { a(place - $0) } }
    guard moments.count >= Double(PreambleStatistics.fewestSteps), let predictors = LagPredictors(moments) else {
      return nil
    }
    func innovations(_ value: (Int) -> Double) -> [Double] {
      places.map { place in
        predictors.innovation {
          value(place - $0)
        } isPresent: {
          a(place - $0).isFinite && b(place - $0).isFinite
        }
      }
    }
    let x = innovations(a)
    let y = innovations(b)
    let both = zip(x, y).filter { $0.0.isFinite && $0.1.isFinite }
    let usable = x.filter(\.isFinite)
    guard both.count >= PreambleStatistics.fewestSteps else { return nil }
    let power = usable.reduce(0) { $0 + $1 * $1 } / Double(usable.count)
    let n = Double(both.count)
    let xx = both.reduce(0) { $0 + $1.0 * $1.0 } / n
    let yy = both.reduce(0) { $0 + $1.1 * $1.1 } / n
    let xy = both.reduce(0) { $0 + $1.0 * $1.1 } / n
    guard power > 0, xx > 0, yy > 0 else { return nil }
    let deviation = power.squareRoot()
    func alone(_ value: (Int) -> Double) -> Int { places.count { value($0).isFinite && value($0 - 1).isFinite } }
    let residual = PreambleStatistics.autoregressiveResidual(kind: channel.kind, places: places, value: a)
    self.init(
      channel: channel, moments: moments, deviation: deviation, difference: max(0, xx + yy - 2 * xy).squareRoot(),
      correlation: xy / (xx * yy).squareRoot(), own: x.map { $0 / deviation }, peer: y.map { $0 / deviation },
      mostAlone: max(alone(a), alone(b)), unpredictable: min(1, (residual ?? 0) / deviation))
  }
}

extension PreambleStatistics {
  /// rms residual of the best AR(6) predictor of a series; first differences for acceleration.
  fileprivate static func autoregressiveResidual(
    kind: SensorKind, places: Range<Int>, value: (Int) -> Double
  ) -> Double? {
    let order = 6
    var equations = LeastSquares(unknowns: order)
    var row = [Double](repeating: 0, count: order)
    for place in places {
      func x(_ lag: Int) -> Double {
        kind == .gyroscope ? value(place - lag) : value(place - lag) - value(place - lag - 1)
      }
      guard (0...(order + 1)).allSatisfy({ value(place - $0).isFinite }) else { continue }
      for lag in 1...order { row[lag - 1] = x(lag) }
      equations.add(row, target: x(0))
    }
    guard equations.count >= 20, let solution = equations.solve() else { return nil }
    // Degrees of freedom corrected, so that a short preamble does not look more predictable than it is.
    return (equations.residual(of: solution) / Double(equations.count - order)).squareRoot()
  }
}
