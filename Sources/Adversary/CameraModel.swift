import Motion

/// A camera that follows the motion: it knows what is slower than a cut-off, of every channel, before and after the moment.
///
/// Its owner looks at the film afterwards, so the low-pass has no delay and the future helps as much as the past.
package struct CameraModel: Sendable, Hashable {
  /// Below what frequency it sees, Hz.
  package var cutoff: Double
  /// Correlation of what it sees with the low-passed motion; 1 for a perfect one.
  package var correlation: Double
  /// How late its picture is, after its owner did what he could to align it, seconds.
  package var delay: Double

  /// A camera.
  package init(cutoff: Double, correlation: Double = 1, delay: Double = 0) {
    self.cutoff = cutoff
    self.correlation = correlation
    self.delay = delay
  }

  /// Even a perfect one has a smallest step: its noise is never below this share of the signal.
  private static let leastNoise = 1e-3

  /// What it sees of a motion, as features of every step.
  ///
  /// - Parameters:
  ///   - table: the motion.
  ///   - spacing: of its steps, seconds.
  ///   - random: for the noise.
  func series(of table: MotionTable, spacing: Double, random: inout SimulatorRandom) -> SideSeries {
    let seen = table.channels.indices.map { column -> [Double] in
      let slow = Self.lowPass(table.filled(column), cutoff: cutoff * spacing)
      let mean = slow.reduce(0, +) / Double(max(slow.count, 1))
      let power = slow.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(slow.count, 1))
      let noise = max((1 / (correlation * correlation) - 1).squareRoot(), Self.leastNoise) * power.squareRoot()
      return slow.map { $0 + noise * random.normal() }
    }
    // A little denser than the band needs, from two such samples before the moment to six after: the past is known.
    let stride = max(1, Int(1 / (2.6 * cutoff * spacing)))
    let late = Int((delay / spacing).rounded())
    return SideSeries(seen, lags: (-6...2).map { $0 * stride + late })
  }

  /// A windowed sinc over three periods of the cut-off to either side, which delays nothing.
  ///
  /// - Parameter cutoff: in cycles per step; from half a cycle on everything passes.
  static func lowPass(_ series: [Double], cutoff: Double) -> [Double] {
    guard cutoff < 0.5, cutoff > 0, !series.isEmpty else { return series }
    let reach = Int((3 / cutoff).rounded(.up))
    var kernel = (0...reach).map { lag -> Double in
      let x = Double.pi * 2 * cutoff * Double(lag)
      let window = 0.5 + 0.5 * cosine(Double.pi * Double(lag) / Double(reach + 1))
      return (lag == 0 ? 1 : sine(x) / x) * window
    }
    let sum = 2 * kernel.reduce(0, +) - kernel[0]
    for lag in kernel.indices { kernel[lag] /= sum }
    let last = series.count - 1
    return series.indices.map { step in
      var value = kernel[0] * series[step]
      for lag in 1...reach {
        value += kernel[lag] * (series[max(step - lag, 0)] + series[min(step + lag, last)])
      }
      return value
    }
  }
}
