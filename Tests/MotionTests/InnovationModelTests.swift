import Testing

@testable import Motion

/// Predictors refitted to a later stretch of motion.
@Suite struct InnovationModelTests {
  private let gyroscope = MotionChannel(kind: .gyroscope, axis: 1)
  private let accelerometer = MotionChannel(kind: .accelerometer, axis: 2)

  /// Noise driven through x[t] = Σ weight·x[t−j] + e[t].
  private func series(weights: [Double], count: Int, seed: UInt64) -> [Double] {
    var state = seed
    func noise() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-53 - 0.5
    }
    var x: [Double] = []
    for t in 0..<count {
      x.append(weights.enumerated().reduce(noise()) { $0 + (t > $1.offset ? $1.element * x[t - 1 - $1.offset] : 0) })
    }
    return x
  }

  private func model(_ channel: MotionChannel, order: Int, _ coefficients: [Double]) throws -> InnovationModel {
    try #require(
      InnovationModel(
        channel: channel, order: order,
        coefficients: coefficients.map { Int16(($0 / InnovationModel.quantum).rounded()) }))
  }

  @Test func aRefitFindsThePredictorOfTheMotion() throws {
    let truth = [1.2, -0.6, 0.2]
    let x = series(weights: truth, count: 4000, seed: 1)
    let prior = try model(gyroscope, order: 3, [0.5, 0, 0])
    let weights = prior.refitted(at: Array(3..<4000), hold: 10) { x[$0] }
    for (lag, weight) in truth.enumerated() {
      #expect(abs(weights[lag] - weight) < 0.05, "lag \(lag + 1): \(weights[lag])")
    }
    #expect(weights[3] == 0)
  }

  @Test func anAccelerometersPredictorWorksOnDifferences() throws {
    // Differences with one coefficient of 0.7: x[t] = 1.7·x[t−1] − 0.7·x[t−2] + e, about gravity.
    var x: [Double] = []
    var sum = 9.81
    for d in series(weights: [0.7], count: 4000, seed: 2) {
      sum += d
      x.append(sum)
    }
    let prior = try model(accelerometer, order: 2, [0])
    let weights = prior.refitted(at: Array(2..<4000), hold: 10) { x[$0] }
    #expect(abs(weights[0] - 1.7) < 0.05 && abs(weights[1] + 0.7) < 0.05, "\(weights)")
    #expect(abs(weights.sum() - 1) < 1e-9, "gravity must drop out")
  }

  @Test func fewPlacesMoveAPredictorLittle() throws {
    let x = series(weights: [0.9], count: 40, seed: 3)
    let prior = try model(gyroscope, order: 3, [0, 0, 0])
    let few = prior.refitted(at: Array(3..<6), hold: 300) { x[$0] }
    #expect(abs(few[0]) < 0.1)
    #expect(prior.refitted(at: [], hold: 300) { x[$0] } == .zero)
  }

  @Test func missingValuesArePassedOver() throws {
    var x = series(weights: [0.8], count: 600, seed: 4)
    let prior = try model(gyroscope, order: 3, [0.2, 0.1, 0])
    let places = Array(3..<600)
    let whole = prior.refitted(at: places.filter { !(100...103).contains($0) }, hold: 30) { x[$0] }
    x[100] = .nan
    #expect(prior.refitted(at: places, hold: 30) { x[$0] } == whole)
    #expect(prior.refitted(at: places, hold: 30) { _ in .nan } == SIMD4(prior.weights + [0]))
  }

  @Test(arguments: 1...4) func theSmallSolverAgreesWithTheLargeOne(unknowns: Int) throws {
    let x = series(weights: [0.6, -0.3], count: 200, seed: 5)
    var small = SmallLeastSquares(unknowns: unknowns)
    var large = LeastSquares(unknowns: unknowns)
    for t in 4..<200 {
      var row = SIMD4<Double>.zero
      for i in 0..<unknowns { row[i] = x[t - 1 - i] }
      small.add(row, target: x[t])
      large.add((0..<unknowns).map { row[$0] }, target: x[t])
    }
    let a = try #require(small.solve())
    let b = try #require(large.solve())
    for i in 0..<unknowns { #expect(abs(a[i] - b[i]) < 1e-9) }
  }

  @Test func equationsThatDetermineNothingHaveNoSolution() {
    var equations = SmallLeastSquares(unknowns: 2)
    #expect(equations.solve() == nil)
    for _ in 0..<20 { equations.add(SIMD4(1, 2, 0, 0), target: 3) }
    #expect(equations.solve() == nil)
  }
}
