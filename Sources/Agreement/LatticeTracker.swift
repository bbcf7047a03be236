/// Reads one channel's values on the peer's lattice, following how the two boards differ.
///
/// Boards held in one hand differ as smoothly as the hand moves: what they differed by in the last two steps foretells
/// most of what they will differ by in the next. So cells need to be wide only against what this does not foretell. The
/// difference is an autoregressive process of second order, of which every value shows the remainder after division by a
/// cell; several hypotheses of which cells were meant are followed at once, each by a Kalman filter, and the likeliest is
/// believed after the fact (D. Reid, An algorithm for tracking multiple targets, 1979). A value is accepted where it lies
/// near enough to where that hypothesis expects it, and no hypothesis with another cell is nearly as likely.
///
/// All of this happens on the side of the one who reads: nothing of it is disclosed but which values are accepted.
public struct LatticeTracker: Sendable {
  /// How the boards' values differ, from public data.
  public struct Model: Sendable, Hashable {
    /// Weights of the last difference and of the one before.
    public let weights: SIMD2<Double>
    /// rms of what these leave, in the units of the values.
    public let innovation: Double
    /// Standard deviation of the difference, in the same units.
    public let deviation: Double

    /// - Parameters:
    ///   - weights: made stable where they are not.
    ///   - innovation: taken as 10⁻¹² or 10⁹ where it lies beyond.
    public init(weights: SIMD2<Double>, innovation: Double, deviation: Double) {
      var weights = weights
      // Drawing the poles towards zero by g multiplies the weights by g and g².
      while !(abs(weights[1]) < 0.99 && abs(weights[0]) < 0.999 - weights[1]) {
        guard weights.x.isFinite, weights.y.isFinite else {
          weights = .zero
          break
        }
        weights *= SIMD2(0.99, 0.99 * 0.99)
      }
      func limited(_ value: Double) -> Double { value < 1e9 ? max(value, 1e-12) : 1e9 }
      self.weights = weights
      self.innovation = limited(innovation)
      self.deviation = max(limited(deviation), self.innovation)
    }
  }

  /// What is made of one value.
  public struct Reading: Sendable, Hashable {
    /// How far the peer's value lies beyond this one by the likeliest hypothesis, in cells.
    public let difference: Double
    /// What of that was foretold by the differences before, in cells.
    public let foretold: Double
    /// Whether it is accepted.
    public let isAccepted: Bool
  }

  /// Hypotheses kept.
  private static let breadth = 8
  /// By how much the logarithm of the likelihood must exceed that of every hypothesis with another cell: errors are then
  /// less likely than one in a thousand even where only a neighbour is an alternative.
  private static let margin = 7.0
  /// For how many values the public model of the innovation counts against those of the last seconds.
  private static let hold = 15.0
  /// From how much more variance than was assumed values are read anew.
  private static let surprise = 1.2
  /// How often values are read at most.
  private static let passes = 4

  private let quantiser: OffsetQuantiser
  private let model: Model
  private var hypotheses: [Hypothesis]
  /// Variance of the innovation by the last seconds, and for how many values it counts.
  private var found = (variance: 0.0, count: 0.0)

  /// A supposed course of the differences: the last two of them with their covariance.
  private struct Hypothesis {
    var score = 0.0
    var last = 0.0
    var before = 0.0
    var variance: Double
    var covariance = 0.0
    var varianceBefore: Double
  }

  /// A tracker that knows nothing of the present difference yet.
  public init(quantiser: OffsetQuantiser, model: Model) {
    self.quantiser = quantiser
    self.model = model
    let variance = model.deviation * model.deviation
    hypotheses = [Hypothesis(variance: variance, varianceBefore: variance)]
  }

  /// Reads the next values.
  ///
  /// - Parameters:
  ///   - values: this side's, NaN where missing. Secret.
  ///   - positions: the peer's, 16 where none is published; as many.
  /// - Returns: one reading per value; `nil` where either is missing.
  public mutating func read(_ values: some RandomAccessCollection<Double>, positions: [UInt8]) -> [Reading?] {
    let start = hypotheses
    var variance = self.variance(with: (0, 0))
    var readings: [Reading?] = []
    for _ in 0..<Self.passes {
      hypotheses = start
      readings = follow(values, positions: positions, variance)
      // Where the boards turn out to differ less smoothly than before, all is read anew with that in mind.
      let found = self.variance(with: evidence(readings))
      guard found > Self.surprise * variance else { break }
      variance = found
    }
    let (sum, count) = evidence(readings)
    // Half of what was found before is forgotten every time.
    let before = 0.5 * self.found.count
    if count > 0 {
      self.found = ((self.found.variance * before + sum) / (before + count), before + count)
    }
    let best = hypotheses.first?.score ?? 0
    for number in hypotheses.indices { hypotheses[number].score -= best }
    return readings
  }

  /// The sum of the squares of the innovations, and how many there are; as large as a cell leaves room for.
  private func evidence(_ readings: [Reading?]) -> (sum: Double, count: Double) {
    var sum = 0.0
    var count = 0.0
    for case let reading? in readings {
      let innovation = min(abs(reading.difference - reading.foretold), 0.5) * quantiser.step
      sum += innovation * innovation
      count += 1
    }
    return (sum, count)
  }

  /// The variance of the innovation: no less than the public model says.
  private func variance(with new: (sum: Double, count: Double)) -> Double {
    let least = model.innovation * model.innovation
    let before = new.count > 0 ? 0.5 * found.count : found.count
    return max(
      least, (Self.hold * least + found.variance * before + new.sum) / (Self.hold + before + new.count))
  }

  /// Follows the hypotheses through the values.
  private mutating func follow(
    _ values: some RandomAccessCollection<Double>, positions: [UInt8], _ innovationVariance: Double
  ) -> [Reading?] {
    let steps = min(values.count, positions.count)
    // Of every step and surviving hypothesis, where it came from and which multiple of the cell it holds the value to.
    let parents = WipedScratch<Int32>(repeating: -1, count: steps * Self.breadth)
    let indices = WipedScratch<Int64>(repeating: .min, count: steps * Self.breadth)
    let innovations = WipedScratch<Double>(repeating: 0, count: steps * Self.breadth)
    let points = WipedScratch<Double>(repeating: .nan, count: steps)
    for (step, value) in values.prefix(steps).enumerated() {
      points[step] = quantiser.nearest(to: value, position: positions[step])?.residual ?? .nan
      var grown: [(hypothesis: Hypothesis, parent: Int32, index: Int64, innovation: Double)] = []
      for (number, hypothesis) in hypotheses.enumerated() {
        extend(hypothesis, innovationVariance, toPoint: points[step]) { next, index, innovation in
          grown.append((next, Int32(number), index, innovation))
        }
      }
      grown.sort { $0.hypothesis.score > $1.hypothesis.score }
      grown = Array(grown.prefix(Self.breadth))
      for (number, one) in grown.enumerated() {
        parents[step * Self.breadth + number] = one.parent
        indices[step * Self.breadth + number] = one.index
        innovations[step * Self.breadth + number] = one.innovation
      }
      hypotheses = grown.map(\.hypothesis)
    }
    return trace(steps, parents, indices, innovations, points)
  }

  /// One step of the Kalman filter for every multiple of the cell that the next difference may be held to.
  ///
  /// - Parameter point: how far the nearest published point lies beyond the value, in cells; NaN where there is none.
  private func extend(
    _ hypothesis: Hypothesis, _ innovationVariance: Double, toPoint point: Double,
    _ report: (Hypothesis, Int64, Double) -> Void
  ) {
    let (a, b) = (model.weights[0], model.weights[1])
    var next = hypothesis
    next.before = hypothesis.last
    next.last = a * hypothesis.last + b * hypothesis.before
    next.varianceBefore = hypothesis.variance
    next.covariance = a * hypothesis.variance + b * hypothesis.covariance
    next.variance =
      a * a * hypothesis.variance + 2 * a * b * hypothesis.covariance + b * b * hypothesis.varianceBefore
      + innovationVariance
    // No less is known than the public model says, with some growth.
    let most = 2.25 * max(model.deviation * model.deviation, innovationVariance)
    if next.variance > most {
      next.covariance *= most / next.variance
      next.variance = most
    }
    guard point.isFinite else { return report(next, .min, 0) }
    let step = quantiser.step
    let noise = step * step / Double(12 * OffsetQuantiser.positions * OffsetQuantiser.positions)
    let variance = max(next.variance, innovationVariance) + noise
    let nearest = (next.last / step - point).rounded()
    guard abs(nearest) < 1e6, variance.isFinite else { return report(next, .min, 0) }
    let reach = min(max((4 * variance.squareRoot() / step).rounded(.up), 1), 4)
    for index in Int64(nearest - reach)...Int64(nearest + reach) {
      let innovation = (point + Double(index)) * step - next.last
      guard innovation * innovation < 36 * variance || Double(index) == nearest else { continue }
      let gain = (next.variance / variance, next.covariance / variance)
      var one = next
      one.last += gain.0 * innovation
      one.before += gain.1 * innovation
      one.variance = next.variance * noise / variance
      one.covariance = next.covariance * noise / variance
      one.varianceBefore = next.varianceBefore - gain.1 * next.covariance
      one.score -= 0.5 * (innovation * innovation / variance + naturalLogarithm(variance / innovationVariance))
      report(one, index, innovation / step)
    }
  }

  /// Follows the surviving hypotheses back to the first step.
  private func trace(
    _ steps: Int, _ parents: WipedScratch<Int32>, _ indices: WipedScratch<Int64>, _ innovations: WipedScratch<Double>,
    _ points: WipedScratch<Double>
  ) -> [Reading?] {
    var readings = [Reading?](repeating: nil, count: steps)
    var places = hypotheses.indices.map { Int($0) }
    for step in stride(from: steps - 1, through: 0, by: -1) {
      let index = indices[step * Self.breadth + (places.first ?? 0)]
      if index != .min, let best = hypotheses.first {
        let innovation = innovations[step * Self.breadth + places[0]]
        let isSure = places.indices.allSatisfy {
          indices[step * Self.breadth + places[$0]] == index || hypotheses[$0].score < best.score - Self.margin
        }
        let difference = points[step] + Double(index)
        readings[step] = Reading(
          difference: difference, foretold: difference - innovation,
          isAccepted: isSure && abs(innovation) < OffsetQuantiser.acceptance)
      }
      for place in places.indices { places[place] = Int(parents[step * Self.breadth + places[place]]) }
    }
    return readings
  }
}
