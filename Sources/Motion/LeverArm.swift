/// The joint fit of accelerometer map and lever arm from two preambles.
///
/// Alice's acceleration is regressed on Bob's (nine unknowns) and on [ω̇]× + [ω]×² (three: the arm), all of them
/// filtered alike first: a 20 ms box twice, then less a 160 ms moving mean. The derivative is the spline's. Clipped
/// scans and what the filters smear of them are left out.
enum LeverArm {
  /// The fit; `nil` where either has no accelerometer or the preambles do not determine it.
  static func fit(
    alice: Recording, bob: Recording, offset: Double, angularMap: Matrix3
  ) -> (map: Matrix3, arm: SIMD3<Double>, quality: Double)? {
    guard alice.hasAccelerometer, bob.hasAccelerometer,
      let grid = SampleGrid(recording: alice, onset: 0, horizon: Int64(Preamble.duration * 1e9))
    else { return nil }
    let last = Int(Preamble.duration / grid.spacing)
    let range = 0..<last
    var own = gridOwnScans(alice, onset: 0, grid: grid, range: range, usesLeverArm: false)
    // A missing scan would ring through the moving mean; hold the last good one there.
    for i in own.acceleration.indices.dropFirst() where own.invalidAcceleration[i] == .all {
      own.acceleration[i] = own.acceleration[i - 1]
    }
    // With the arm left out and an identity map, Bob's own acceleration and the mapped rates come back.
    let bare = Alignment(
      basis: .angularRate, offset: offset, angularMap: angularMap, accelerationMap: .identity, leverArm: nil,
      rotation: .identity, fit: 1, accelerationFit: nil, usableShare: 1)
    let peer = gridPeerScans(bob, onset: 0, alignment: bare, grid: grid, range: range)
    // Preambles are public: plain arrays will do.
    let rates = Array(peer.angularVelocity)
    guard let derivatives = derivative(of: rates, spacing: grid.spacing) else { return nil }

    let box = max(1, Int((0.020 / grid.spacing).rounded()))
    let moving = max(3, Int((0.160 / grid.spacing).rounded()) | 1)
    let target = filter(Array(own.acceleration), box: box, moving: moving)
    let regressor = filter(Array(peer.acceleration), box: box, moving: moving)
    // Column c of [ω̇]× + [ω]×² as a vector series.
    let transport = zip(rates, derivatives).map { w, d in
      (Matrix3.skew(d) + Matrix3.skew(w) * Matrix3.skew(w)).transposed
    }
    let columns = (0..<3).map { c in filter(transport.map { $0[c] }, box: box, moving: moving) }

    var bad = [Bool](repeating: false, count: last)
    for i in 0..<last
    where own.invalidAcceleration[i] != [] || peer.invalidAcceleration[i] != []
      || peer.invalidAngularVelocity[i] != []
    {
      for j in max(0, i - box)...min(last - 1, i + box) { bad[j] = true }
    }
    let edge = min(last / 4, moving / 2 + box)
    var equations = LeastSquares(unknowns: 12)
    for i in edge..<max(edge, last - edge) where !bad[i] {
      for axis in 0..<3 {
        var row = [Double](repeating: 0, count: 12)
        for c in 0..<3 {
          row[3 * axis + c] = regressor[i][c]
          row[9 + c] = columns[c][i][axis]
        }
        equations.add(row, target: target[i][axis])
      }
    }
    guard equations.count >= 60, equations.energy > 0, let x = equations.solve() else { return nil }
    let map = Matrix3(SIMD3(x[0], x[1], x[2]), SIMD3(x[3], x[4], x[5]), SIMD3(x[6], x[7], x[8]))
    let arm = SIMD3(x[9], x[10], x[11])
    guard arm.norm < 2, map.largestMagnitude < 2 else { return nil }
    return (map, arm, 1 - equations.residual(of: x) / equations.energy)
  }

  /// Spline derivative of a series on a uniform grid.
  private static func derivative(of series: [SIMD3<Double>], spacing: Double) -> [SIMD3<Double>]? {
    let knots = series.indices.map { Double($0) * spacing }
    var result = Array(repeating: SIMD3<Double>.zero, count: series.count)
    for axis in 0..<3 {
      guard let spline = CubicSpline(knots: knots, values: series.map { $0[axis] }) else { return nil }
      var cursor = CubicSpline.Cursor(spline)
      for i in series.indices {
        guard let sample = cursor.evaluate(at: knots[i]) else { return nil }
        result[i][axis] = sample.derivative
      }
    }
    return result
  }

  /// A box of `box` points twice, then less the mean of `moving` points; edges use what there is.
  private static func filter(_ series: [SIMD3<Double>], box: Int, moving: Int) -> [SIMD3<Double>] {
    let smooth = movingMean(movingMean(series, box), box)
    return zip(smooth, movingMean(smooth, moving)).map { $0 - $1 }
  }

  private static func movingMean(_ series: [SIMD3<Double>], _ width: Int) -> [SIMD3<Double>] {
    guard width > 1 else { return series }
    let before = (width - 1) / 2
    return series.indices.map { i in
      let range = max(0, i - before)...min(series.count - 1, i - before + width - 1)
      return series[range].reduce(.zero, +) / Double(range.count)
    }
  }
}
