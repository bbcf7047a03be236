import Testing

@testable import Motion

/// Predictors that follow from second moments, for every set of past values that are there.
@Suite struct LagMomentsTests {
  private func moments(_ x: [Double], kind: SensorKind = .gyroscope, order: Int) throws -> LagMoments {
    var moments = try #require(LagMoments(kind: kind, order: order))
    for place in order..<x.count { moments.add { x[place - $0] } }
    return moments
  }

  @Test func thePredictorOfTheMotionIsFound() throws {
    let truth = [1.2, -0.6, 0.2]
    let moments = try moments(autoregression(truth, count: 4000, seed: 1), order: 3)
    let predictor = try #require(moments.predictor(present: 0b111))
    for (lag, weight) in truth.enumerated() {
      #expect(abs(predictor.weights[lag] - weight) < 0.05, "lag \(lag + 1): \(predictor.weights[lag])")
    }
    #expect(predictor.weights[3] == 0)
    // Uniform noise of width 1.
    #expect(abs(predictor.variance - 1.0 / 12) < 0.01)
  }

  @Test func anAccelerometersWeightsLeaveGravityOut() throws {
    // Differences with one coefficient of 0.7: x[t] = 1.7·x[t−1] − 0.7·x[t−2] + e, about gravity.
    var x: [Double] = []
    var sum = 9.81
    for d in autoregression([0.7], count: 4000, seed: 2) {
      sum += d
      x.append(sum)
    }
    let moments = try moments(x, kind: .accelerometer, order: 3)
    let predictor = try #require(moments.predictor(present: 0b111))
    #expect(abs(predictor.weights[0] - 1.7) < 0.05 && abs(predictor.weights[1] + 0.7) < 0.07, "\(predictor.weights)")
    for present: UInt8 in [0b001, 0b011, 0b101, 0b111] {
      let weights = try #require(moments.predictor(present: present)).weights
      #expect(abs(weights.sum() - 1) < 1e-9, "gravity must drop out")
    }
    #expect(moments.predictor(present: 0b001)?.weights == SIMD4(1, 0, 0, 0))
  }

  @Test func aMissingValueIsDoneWithoutAndTheRestMakesTheBestOfIt() throws {
    let x = autoregression([1.4, -0.8, 0.1], count: 20_000, seed: 3)
    let moments = try moments(x, order: 3)
    for present: UInt8 in [0b001, 0b011, 0b101, 0b111] {
      let predictor = try #require(moments.predictor(present: present))
      var squares = 0.0
      for place in 3..<x.count {
        var error = x[place]
        for lag in 1...3 {
          #expect(present >> UInt8(lag - 1) & 1 == 1 || predictor.weights[lag - 1] == 0)
          error -= predictor.weights[lag - 1] * x[place - lag]
        }
        squares += error * error
      }
      let measured = squares / Double(x.count - 3)
      #expect(abs(measured / predictor.variance - 1) < 0.01, "\(present): \(measured), said \(predictor.variance)")
    }
    let whole = try #require(moments.predictor(present: 0b111)).variance
    let part = try #require(moments.predictor(present: 0b101)).variance
    #expect(part > 1.2 * whole)
  }

  @Test func withoutTheLastValueThereIsNoInnovation() throws {
    let x = autoregression([0.9], count: 400, seed: 4)
    let predictors = try #require(LagPredictors(try moments(x, order: 3)))
    for present in [0b000, 0b010, 0b110] as [UInt8] {
      #expect(try moments(x, order: 3).predictor(present: present) == nil)
      let value = predictors.innovation {
        x[100 - $0]
      } isPresent: {
        present >> UInt8($0 - 1) & 1 == 1
      }
      #expect(value.isNaN)
    }
  }

  @Test func innovationsOfAPartialPastAreAsStrongAsThoseOfAWholeOne() throws {
    let x = autoregression([1.4, -0.8, 0.1], count: 20_000, seed: 5)
    let predictors = try #require(LagPredictors(try moments(x, order: 3)))
    func meanSquare(isPresent: (Int) -> Bool) -> Double {
      let values = (3..<x.count).map { place in
        predictors.innovation(
          { isPresent($0) || $0 == 0 ? x[place - $0] : .nan }, isPresent: isPresent)
      }
      return values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
    }
    let whole = meanSquare { _ in true }
    #expect(abs(meanSquare { $0 != 2 } / whole - 1) < 0.02)
    #expect(abs(meanSquare { $0 == 1 } / whole - 1) < 0.02)
  }

  @Test func fewRowsMoveThemLittle() throws {
    let prior = try moments(autoregression([0.2], count: 2000, seed: 6), order: 3)
    let few = try moments(autoregression([0.9], count: 6, seed: 7), order: 3)
    let many = try moments(autoregression([0.9], count: 3000, seed: 8), order: 3)
    func first(_ moments: LagMoments) throws -> Double {
      try #require(moments.held(to: prior, rows: 300).predictor(present: 0b111)).weights[0]
    }
    #expect(abs(try first(few) - 0.2) < 0.1)
    #expect(try abs(first(many) - 0.9) < abs(first(few) - 0.9) / 3)
    #expect(prior.cleared.held(to: prior, rows: 30) == prior)
  }

  @Test func aPriorCountsByItsShapeNotByItsStrength() throws {
    let x = autoregression([0.8], count: 500, seed: 9)
    let own = try moments(x, order: 2)
    let prior = autoregression([0.3], count: 500, seed: 10)
    let loud = try moments(prior.map { 100 * $0 }, order: 2)
    let quiet = try moments(prior, order: 2)
    let a = try #require(own.held(to: loud, rows: 30).predictor(present: 0b11))
    let b = try #require(own.held(to: quiet, rows: 30).predictor(present: 0b11))
    #expect(abs(a.weights[0] - b.weights[0]) < 1e-9 && abs(a.variance - b.variance) < 1e-9)
  }

  @Test func rowsWithAMissingValueArePassedOver() throws {
    var x = autoregression([0.8], count: 600, seed: 11)
    var without = try #require(LagMoments(kind: .gyroscope, order: 3))
    for place in 3..<600 where !(100...103).contains(place) { without.add { x[place - $0] } }
    x[100] = .nan
    #expect(try moments(x, order: 3) == without)
  }

  @Test func whatDeterminesNothingHasNoPredictor() throws {
    var moments = try #require(LagMoments(kind: .gyroscope, order: 2))
    #expect(moments.predictor(present: 0b11) == nil)
    for _ in 0..<20 { moments.add { [3, 1, 2][$0] } }
    #expect(moments.predictor(present: 0b11) == nil)
    #expect(LagPredictors(moments) == nil)
    #expect(LagMoments(kind: .gyroscope, order: 0) == nil && LagMoments(kind: .gyroscope, order: 5) == nil)
  }

  @Test(arguments: 1...4) func theSmallSolverAgreesWithTheLargeOne(unknowns: Int) throws {
    let x = autoregression([0.6, -0.3], count: 200, seed: 12)
    var small = SmallNormalEquations(unknowns: unknowns)
    var large = LeastSquares(unknowns: unknowns)
    for t in 4..<200 {
      let row = (0..<unknowns).map { x[t - 1 - $0] }
      for i in 0..<unknowns {
        for j in 0...i { small.gram[4 * i + j] += row[i] * row[j] }
        small.moment[i] += row[i] * x[t]
      }
      large.add(row, target: x[t])
    }
    let a = try #require(small.solve())
    let b = try #require(large.solve())
    for i in 0..<unknowns { #expect(abs(a[i] - b[i]) < 1e-9) }
  }
}

/// Uniform noise of width 1 driven through x[t] = Σ weight·x[t−j] + e[t].
func autoregression(_ weights: [Double], count: Int, seed: UInt64) -> [Double] {
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
