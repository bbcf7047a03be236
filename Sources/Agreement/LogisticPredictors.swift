/// ln(p / (1 − p)), with p kept away from 0 and 1.
@inline(__always)
private func stretch(_ p: Double) -> Double {
  let limited = min(max(p, 0.0005), 0.9995)
  return naturalLogarithm(limited / (1 - limited))
}

/// 1 / (1 + e^−x).
@inline(__always)
private func squash(_ x: Double) -> Double { 1 / (1 + exponential(-min(max(x, -30), 30))) }

/// Logistic regression on real-valued features, learning one bit at a time with steps that shrink per weight (J. Duchi,
/// E. Hazan and Y. Singer, Adaptive subgradient methods, 2011).
final class FeatureRegression {
  let features: WipedScratch<Double>
  private let weights: WipedScratch<Double>
  private let squares: WipedScratch<Double>
  private let rate = 0.12

  /// - Parameter sets: the number of independent weight vectors.
  init(width: Int, sets: Int) {
    features = WipedScratch(repeating: 0, count: width)
    weights = WipedScratch(repeating: 0, count: width * sets)
    squares = WipedScratch(repeating: 1, count: width * sets)
  }

  func probabilityOfOne(set: Int) -> Double {
    let base = set * features.count
    var sum = 0.0
    for index in 0..<features.count { sum += weights[base + index] * features[index] }
    return squash(sum)
  }

  func learn(_ bit: Int, predicted: Double, set: Int) {
    let base = set * features.count
    let error = Double(bit) - predicted
    for index in 0..<features.count {
      let slope = error * features[index]
      squares[base + index] += slope * slope
      weights[base + index] += rate * slope / squares[base + index].squareRoot()
    }
  }
}

/// Mixes the probabilities of several predictors in the logistic domain, with weights that learn (M. Mahoney, Adaptive
/// weighing of context models for lossless data compression, 2005).
final class LogisticMixer {
  private let inputs: Int
  private let stretched: WipedScratch<Double>
  private let weights: WipedScratch<Double>
  private let uses: WipedScratch<Double>

  init(inputs: Int, sets: Int) {
    self.inputs = inputs
    stretched = WipedScratch(repeating: 0, count: inputs)
    weights = WipedScratch(repeating: 1.5 / Double(max(inputs, 1)), count: inputs * sets)
    uses = WipedScratch(repeating: 0, count: sets)
  }

  @inline(__always)
  func set(input: Int, probabilityOfOne: Double) { stretched[input] = stretch(probabilityOfOne) }

  /// The mixed probability that the bit is 1.
  func probabilityOfOne(set: Int) -> Double {
    var sum = 0.0
    for index in 0..<inputs { sum += weights[set * inputs + index] * stretched[index] }
    return squash(sum)
  }

  func learn(_ bit: Int, predicted: Double, set: Int) {
    uses[set] += 1
    let rate = (0.002 + 0.03 / (1 + uses[set] / 50).squareRoot()) * (Double(bit) - predicted)
    for index in 0..<inputs { weights[set * inputs + index] += rate * stretched[index] }
  }
}
