/// How Bob's board sat in relation to Alice's, found from the two public preambles alone. Alice is the reference here,
/// whichever board that is.
///
/// A rigid body has one angular velocity, so Bob's gyroscope maps to Alice's by one 3×3 matrix (rotation times gains);
/// accelerations differ besides by ω̇×r + ω×(ω×r) for the lever arm r between the two sensors.
public struct Alignment: Sendable, Hashable {
  /// Which sensors the two boards were compared by.
  public enum Basis: String, Sendable, Hashable {
    /// Both have a gyroscope.
    case angularRate
    /// At least one has none: accelerometers only, no lever arm.
    case acceleration
  }

  /// Which sensors the boards were compared by.
  public let basis: Basis
  /// Seconds to add to a time since Bob's onset to get the time since Alice's.
  public let offset: Double
  /// Bob's angular rate to Alice's, `nil` where either has no gyroscope.
  public let angularMap: Matrix3?
  /// Bob's acceleration to Alice's, less the lever-arm terms; `nil` where either has no accelerometer or no map fits.
  public let accelerationMap: Matrix3?
  /// From Bob's sensor to Alice's, in Alice's frame, metres; `nil` without gyroscopes.
  public let leverArm: SIMD3<Double>?
  /// The rotation from Bob's frame to Alice's (Kabsch 1976; Wahba 1965).
  public let rotation: Matrix3
  /// R² of the joint 3×3 fit of the basis sensor: 1 for a rigid pair, below 0.6 for strangers.
  public let fit: Double
  /// R² of the lever-arm fit, `nil` where there was none.
  public let accelerationFit: Double?
  /// Share of the preamble that both boards measured unclipped and without gaps.
  public let usableShare: Double
}

/// Why two preambles do not establish that the boards moved together.
public enum AlignmentError: Error, Sendable, Hashable {
  /// One board has only a gyroscope and the other only an accelerometer.
  case noCommonSensor
  /// The preambles overlap in too few scans.
  case tooFewScans(usable: Int)
  /// In the preamble of one board so many scans repeat the one before that too little is left.
  case repeatedValues(repeated: Int, scans: Int)
  /// Too much of a preamble was clipped or missing.
  case tooMuchClipping(usableShare: Double)
  /// The boards hardly moved; rms of the basis sensor in rad/s or m/s².
  case tooLittleMotion(rms: Double, needed: Double)
  /// The motion was about one axis only; ratio of the second to the first singular value.
  case oneAxisOnly(ratio: Double)
  /// The boards did not move as one body; R² of the fit.
  case notShakenTogether(fit: Double, needed: Double)
  /// The boards moved as one body in the second half of the preamble, but not in the first; R² of both.
  case disturbed(fit: Double, secondHalf: Double)
  /// The accelerometers, alone, do not show that the boards moved as one body; R² of the fit.
  case accelerometersDisagree(fit: Double, needed: Double)
  /// The two bursts began at different times, seconds.
  case onsetsDisagree(offset: Double)
  /// The map between the boards is no rotation with plausible gains: a mount matrix or scale is wrong.
  case implausibleMap(gains: SIMD3<Double>, reflected: Bool)
}

/// What alignment accepts.
public struct AlignmentLimits: Sendable, Hashable {
  /// Largest difference between the two onsets once aligned, seconds.
  public var onsetTolerance = 0.3
  /// Least R² of the joint 3×3 fit.
  public var fit = 0.9
  /// R² of the second half alone from which a bad fit is put down to a disturbed first half.
  public var secondHalfFit = 0.97
  /// Least share of usable scans in the preamble.
  public var usableShare = 0.3
  /// Least rms of the angular rate, rad/s.
  public var angularRate = 1.0
  /// Least rms of the acceleration about its mean, m/s².
  public var acceleration = 3.0
  /// Least ratio of the second singular value of the motion to the first.
  public var secondAxis = 0.1

  /// The values used by the protocol.
  public init() {}
}

extension Alignment {
  /// Aligns two preambles.
  ///
  /// The offset is searched over ±(tolerance + 50 ms) in steps of 4 ms, then refined by golden sections to a few
  /// microseconds, always by the R² of the joint 3×3 fit. Alice's own scans are one side of it, Bob's spline the other.
  public static func solve(
    alice: Preamble, bob: Preamble, limits: AlignmentLimits = AlignmentLimits()
  ) throws(AlignmentError) -> Alignment {
    let a = alice.recording
    let b = bob.recording
    let basis: Basis
    if a.hasGyroscope && b.hasGyroscope {
      basis = .angularRate
    } else if a.hasAccelerometer && b.hasAccelerometer {
      basis = .acceleration
    } else {
      throw .noCommonSensor
    }
    let comparison = Comparison(alice: a, bob: b, basis: basis)
    try comparison.checkMotion(limits)

    var coarse: [(offset: Double, fit: Double)] = []
    let reach = limits.onsetTolerance + 0.05
    for offset in stride(from: -reach, through: reach, by: 0.004) {
      coarse.append((offset, comparison.fit(offset: offset)?.quality ?? -1))
    }
    guard let best = coarse.max(by: { $0.fit < $1.fit }), best.fit > -1 else {
      throw comparison.shortage(or: .tooFewScans(usable: comparison.bestOverlap))
    }
    let offset = comparison.refine(from: best.offset - 0.004, to: best.offset + 0.004)
    guard let fit = comparison.fit(offset: offset) else {
      throw comparison.shortage(or: .tooFewScans(usable: comparison.bestOverlap))
    }
    guard fit.usableShare >= limits.usableShare else {
      throw comparison.shortage(or: .tooMuchClipping(usableShare: fit.usableShare))
    }
    guard fit.quality >= limits.fit else {
      switch basis {
      case .angularRate:
        if let half = comparison.secondHalf.bestFit(reach: reach), half >= limits.secondHalfFit {
          throw .disturbed(fit: fit.quality, secondHalf: half)
        }
        throw .notShakenTogether(fit: fit.quality, needed: limits.fit)
      case .acceleration: throw .accelerometersDisagree(fit: fit.quality, needed: limits.fit)
      }
    }
    guard abs(offset) <= limits.onsetTolerance else { throw .onsetsDisagree(offset: offset) }
    let gains = singularValues(fit.map)
    let reflected = fit.map.determinant < 0
    guard !reflected, gains.z > 0.7, gains.x < 1.4 else { throw .implausibleMap(gains: gains, reflected: reflected) }

    let rotation = kabschRotation(correlation: fit.correlation)
    switch basis {
    case .acceleration:
      return Alignment(
        basis: basis, offset: offset, angularMap: nil, accelerationMap: fit.map, leverArm: nil, rotation: rotation,
        fit: fit.quality, accelerationFit: nil, usableShare: fit.usableShare)
    case .angularRate:
      let arm = LeverArm.fit(alice: a, bob: b, offset: offset, angularMap: fit.map)
      return Alignment(
        basis: basis, offset: offset, angularMap: fit.map, accelerationMap: arm?.map, leverArm: arm?.arm,
        rotation: rotation, fit: fit.quality, accelerationFit: arm?.quality, usableShare: fit.usableShare)
    }
  }
}

extension Alignment {
  /// The fault of a sensor that repeats itself: where two preambles do not fit and a quarter of the scans of one repeat
  /// the scan before, that is the likely cause. `nil` where both change from scan to scan.
  public static func repetition(alice: Preamble, bob: Preamble) -> AlignmentError? {
    repetition(in: [alice.recording, bob.recording])
  }

  fileprivate static func repetition(in sides: [Recording]) -> AlignmentError? {
    for side in sides {
      let repeated = side.repeatedScans
      if repeated > 0, 4 * repeated >= side.count { return .repeatedValues(repeated: repeated, scans: side.count) }
    }
    return nil
  }
}

/// The joint 3×3 fit of one sensor kind of the two preambles, as a function of the offset.
private struct Comparison {
  let basis: Alignment.Basis
  private(set) var times: [Double]
  private(set) var values: [SIMD3<Double>]
  private(set) var usable: [Bool]
  let peerValues: [SIMD3<Double>]
  let peerShare: Double
  let splines: [CubicSpline]
  let invalid: (times: [Double], flags: [Bool])
  let peerPeriod: Double
  let repetition: AlignmentError?

  struct Fit {
    let quality: Double
    let map: Matrix3
    let correlation: Matrix3
    let usableShare: Double
    let overlap: Int
  }

  init(alice: Recording, bob: Recording, basis: Alignment.Basis) {
    self.basis = basis
    let ownScans = (0..<alice.count).filter(alice.isUsableScan)
    let peerScans = (0..<bob.count).filter(bob.isUsableScan)
    func side(_ r: Recording, _ scans: [Int]) -> (t: [Double], v: [SIMD3<Double>], clipped: [Bool]) {
      let t = scans.map { Double(r.timestamps[$0]) * 1e-9 }
      switch basis {
      case .angularRate:
        return (t, scans.map { r.angularVelocity[$0] }, scans.map { r.clippedAxes(ofAngularVelocityAt: $0) != [] })
      case .acceleration:
        return (t, scans.map { r.acceleration[$0] }, scans.map { r.clippedAxes(ofAccelerationAt: $0) != [] })
      }
    }
    let own = side(alice, ownScans)
    times = own.t
    values = own.v
    usable = own.clipped.map { !$0 }
    let peer = side(bob, peerScans)
    peerValues = peer.v
    let peerUsable = peer.clipped.filter { !$0 }.count
    peerShare = peer.clipped.isEmpty ? 0 : Double(peerUsable) / Double(peer.clipped.count)
    invalid = (peer.t, peer.clipped)
    peerPeriod = bob.typicalPeriod
    repetition = Alignment.repetition(in: [alice, bob])
    splines = (0..<3).compactMap { axis in CubicSpline(knots: peer.t, values: peer.v.map { $0[axis] }) }
  }

  /// The most scans that any offset leaves usable, for the error text.
  var bestOverlap: Int { usable.filter { $0 }.count }

  /// Why too little can be compared: a sensor that repeats itself, or else `reason`.
  func shortage(or reason: AlignmentError) -> AlignmentError { repetition ?? reason }

  func checkMotion(_ limits: AlignmentLimits) throws(AlignmentError) {
    let share = min(peerShare, times.isEmpty ? 0 : Double(bestOverlap) / Double(times.count))
    guard times.count >= 40, splines.count == 3 else {
      throw shortage(or: .tooFewScans(usable: min(times.count, peerValues.count)))
    }
    guard share >= limits.usableShare else { throw .tooMuchClipping(usableShare: share) }
    let needed = basis == .angularRate ? limits.angularRate : limits.acceleration
    for side in [values, peerValues] {
      let n = Double(side.count)
      let mean = side.reduce(.zero, +) / n
      var scatter = Matrix3(.zero, .zero, .zero)
      for v in side {
        let d = v - mean
        scatter = scatter + Matrix3(d * d.x, d * d.y, d * d.z)
      }
      let energy = symmetricEigen(scatter).values
      let rms = ((energy.x + energy.y + energy.z) / n).squareRoot()
      guard rms >= needed else { throw .tooLittleMotion(rms: rms, needed: needed) }
      let ratio = (max(energy.y, 0) / energy.x).squareRoot()
      guard ratio >= limits.secondAxis else { throw .oneAxisOnly(ratio: ratio) }
    }
  }

  func fit(offset: Double) -> Fit? {
    var cursors = splines.map(CubicSpline.Cursor.init)
    var pairs: [(SIMD3<Double>, SIMD3<Double>)] = []
    pairs.reserveCapacity(times.count)
    var flag = 0
    var inside = 0
    for (i, t) in times.enumerated() {
      let peerTime = t - offset
      guard let x = cursors[0].evaluate(at: peerTime), let y = cursors[1].evaluate(at: peerTime),
        let z = cursors[2].evaluate(at: peerTime)
      else { continue }
      inside += 1
      while flag < invalid.times.count - 2, invalid.times[flag + 1] < peerTime { flag += 1 }
      let spoilt = invalid.flags[flag] || invalid.flags[min(flag + 1, invalid.flags.count - 1)]
      guard usable[i], !spoilt, x.interval <= 1.5 * peerPeriod else { continue }
      pairs.append((SIMD3(x.value, y.value, z.value), values[i]))
    }
    guard inside >= times.count / 2, pairs.count >= 24 else { return nil }
    let n = Double(pairs.count)
    let meanFrom = pairs.reduce(SIMD3<Double>.zero) { $0 + $1.0 } / n
    let meanTo = pairs.reduce(SIMD3<Double>.zero) { $0 + $1.1 } / n
    var equations = [SmallNormalEquations](repeating: SmallNormalEquations(unknowns: 3), count: 3)
    var energy = 0.0
    var correlation = Matrix3(.zero, .zero, .zero)
    for (from, to) in pairs {
      let x = from - meanFrom
      let y = to - meanTo
      for axis in 0..<3 { equations[axis].moment += SIMD4(x * y[axis], 0) }
      for i in 0..<3 {
        for j in 0...i { equations[0].gram[4 * i + j] += x[i] * x[j] }
      }
      energy += (y * y).sum()
      correlation = correlation + Matrix3(x * y.x, x * y.y, x * y.z)
    }
    for axis in 1..<3 { equations[axis].gram = equations[0].gram }
    guard let r0 = equations[0].solve(), let r1 = equations[1].solve(), let r2 = equations[2].solve() else {
      return nil
    }
    guard energy > 0 else { return nil }
    let explained = zip(equations, [r0, r1, r2]).reduce(0) { $0 + ($1.0.moment * $1.1).sum() }
    let residual = max(energy - explained, 0)
    return Fit(
      quality: 1 - residual / energy,
      map: Matrix3(SIMD3(r0[0], r0[1], r0[2]), SIMD3(r1[0], r1[1], r1[2]), SIMD3(r2[0], r2[1], r2[2])),
      correlation: correlation, usableShare: n / Double(inside), overlap: pairs.count)
  }

  /// The same comparison over Alice's second half only.
  var secondHalf: Comparison {
    var half = self
    let from = times.firstIndex { $0 >= Preamble.duration / 2 } ?? times.count
    half.times.removeFirst(from)
    half.values.removeFirst(from)
    half.usable.removeFirst(from)
    return half
  }

  /// The R² of the best offset within ±`reach` seconds; `nil` where nothing can be compared.
  func bestFit(reach: Double) -> Double? {
    let coarse = stride(from: -reach, through: reach, by: 0.004).compactMap { offset in
      fit(offset: offset).map { (offset: offset, quality: $0.quality) }
    }
    guard let best = coarse.max(by: { $0.quality < $1.quality }) else { return nil }
    return fit(offset: refine(from: best.offset - 0.004, to: best.offset + 0.004))?.quality
  }

  /// Golden-section search for the offset of the best fit.
  func refine(from low: Double, to high: Double) -> Double {
    let section = 0.381966011250105
    var (a, b) = (low, high)
    var x1 = a + section * (b - a)
    var x2 = b - section * (b - a)
    var f1 = fit(offset: x1)?.quality ?? -1
    var f2 = fit(offset: x2)?.quality ?? -1
    while b - a > 2e-6 {
      if f1 >= f2 {
        b = x2
        x2 = x1
        f2 = f1
        x1 = a + section * (b - a)
        f1 = fit(offset: x1)?.quality ?? -1
      } else {
        a = x1
        x1 = x2
        f1 = f2
        x2 = b - section * (b - a)
        f2 = fit(offset: x2)?.quality ?? -1
      }
    }
    return (a + b) / 2
  }
}
