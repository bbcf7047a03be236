import Motion
import Pairing

/// Low-passed motion on steps from the onset on: what values are cut from, of every channel of the sensors.
struct MotionTable: Sendable {
  /// The channels, in the order of the columns.
  let channels: [MotionChannel]
  /// How many steps; step 0 is at the onset.
  let steps: Int
  /// Row-major, each divided by the scale of its channel; NaN where missing.
  var values: [Double]
  /// Scale of each channel, SI units: the rms of the sensor over the preamble, which is public.
  let scales: [Double]
  /// What it was filtered by.
  let filters: [MatchingFilter]

  /// - Parameters:
  ///   - channels: the columns; those that the recording lacks are missing throughout.
  ///   - width: grid points per step.
  ///   - end: how many steps.
  ///   - filters: those of the attacked pair; what Alice's board applies of them is applied to every motion.
  init?(
    _ recording: Recording, onset: Int64, grid: SampleGrid, channels: [MotionChannel], width: Int, end: Int,
    filters: [MatchingFilter]
  ) {
    let models = channels.compactMap { InnovationModel(channel: $0, order: 1) }
    guard let chain = InnovationChain(width: width, models: models, filters: filters), end > 0 else { return nil }
    let motion = chain.ownMotion(
      of: recording, onset: onset, grid: grid, channels: channels, steps: 0..<end, usesLeverArm: false)
    var values = Array(motion.values)
    let preamble = min(end, Int(Preamble.duration / (Double(width) * grid.spacing)))
    let scales = channels.map { channel -> Double in
      var sum = 0.0
      var count = 0.0
      for (column, other) in channels.enumerated() where other.kind == channel.kind {
        for step in 0..<preamble {
          let value = values[step * channels.count + column]
          guard value.isFinite else { continue }
          sum += value * value
          count += 1
        }
      }
      return sum > 0 ? (sum / count).squareRoot() : 1
    }
    for index in values.indices { values[index] /= scales[index % channels.count] }
    self.channels = channels
    self.values = values
    self.scales = scales
    self.filters = filters
    steps = end
  }

  /// The motion of a pair on steps as long as `spacing` seconds, as nearly as its scans allow.
  ///
  /// - Returns: `nil` where no whole number of its scans comes within 15 % of that.
  init?(_ pair: AttackedPair, channels: [MotionChannel], spacing: Double, filters: [MatchingFilter]) {
    let width = max(1, Int((spacing / pair.grid.spacing).rounded()))
    guard abs(Double(width) * pair.grid.spacing / spacing - 1) < 0.15, width <= 64 else { return nil }
    // A second more, which only whoever looks at the motion afterwards makes use of.
    let end = pair.steps.upperBound * pair.width / width + Int(1 / spacing)
    self.init(
      pair.recording, onset: pair.onset, grid: pair.grid, channels: channels, width: width, end: end, filters: filters)
  }

  /// The motion of a pair as it is attacked.
  init?(_ pair: AttackedPair) {
    self.init(pair, channels: pair.observed, spacing: pair.spacing, filters: pair.filters)
  }

  subscript(step: Int, column: Int) -> Double {
    step >= 0 && step < steps ? values[step * channels.count + column] : .nan
  }

  /// One column without gaps: straight lines between what is known, 0 where nothing is.
  func filled(_ column: Int) -> [Double] {
    var series = (0..<steps).map { self[$0, column] }
    var last: Int?
    for step in 0..<steps where series[step].isFinite {
      let from = last.map { series[$0] } ?? series[step]
      let start = last ?? -1
      for gap in (start + 1)..<max(step, start + 1) {
        series[gap] = from + (series[step] - from) * Double(gap - start) / Double(step - start)
      }
      last = step
    }
    for gap in ((last ?? -1) + 1)..<max(steps, (last ?? -1) + 1) { series[gap] = last.map { series[$0] } ?? 0 }
    return series
  }
}
