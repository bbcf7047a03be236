/// An inertial sensor like the MPU-6050: low-pass, noise, gain and cross-axis errors, bias, its own clock, 16-bit codes.
struct SimulatorSensor {
  /// Corners of the gyroscope's and the accelerometer's low-pass in Hz: what Linux' `inv_mpu6050` sets for a rate, the
  /// widest of the MPU-6050's filters that half the rate holds.
  static func bandwidths(rate: Double) -> (angularVelocity: Double, acceleration: Double) {
    let filters = [(188.0, 184.0), (98, 94), (42, 44), (20, 21), (10, 10)]
    return filters.first { $0.0 <= rate / 2 } ?? (5, 5)
  }

  private let parameters: SimulatorParameters
  private let nominalRate: Double
  private let clockStart: Double
  private let clockRate: Double
  private var random: SimulatorRandom
  private let phase: Double
  private let rateFactor: Double
  private let acceleration: Axes
  private let angularVelocity: Axes

  /// Errors of three axes: measured = gains · true + bias.
  private struct Axes {
    var rows: [SIMD3<Double>]
    var bias: SIMD3<Double>

    init(_ parameters: SimulatorParameters, bias: Double, random: inout SimulatorRandom) {
      rows = (0..<3).map { axis in
        var row = SIMD3<Double>()
        for other in 0..<3 {
          row[other] =
            other == axis
            ? 1 + parameters.gainError * random.boundedNormal() : parameters.crossAxis * random.boundedNormal()
        }
        return row
      }
      let x = random.boundedNormal()
      let y = random.boundedNormal()
      self.bias = bias * SIMD3(x, y, random.boundedNormal())
    }

    func apply(_ v: SIMD3<Double>) -> SIMD3<Double> {
      func product(_ row: SIMD3<Double>) -> Double { row.x * v.x + row.y * v.y + row.z * v.z }
      return SIMD3(product(rows[0]), product(rows[1]), product(rows[2])) + bias
    }
  }

  /// Makes a sensor.
  ///
  /// - Parameters:
  ///   - parameters: of the simulation.
  ///   - nominalRate: Hz.
  ///   - clockStart: what the host's clock shows when the simulation begins, in seconds.
  ///   - clockRate: how fast the host's clock runs, 1 being right.
  ///   - random: this one specimen.
  init(
    _ parameters: SimulatorParameters, nominalRate: Double, clockStart: Double, clockRate: Double,
    random: SimulatorRandom
  ) {
    var random = random
    self.parameters = parameters
    self.nominalRate = nominalRate
    self.clockStart = clockStart
    self.clockRate = clockRate
    rateFactor = 1 + parameters.rateError * random.uniform(-1, 1)
    phase = random.uniform()
    acceleration = Axes(parameters, bias: parameters.accelerationBias, random: &random)
    angularVelocity = Axes(parameters, bias: parameters.angularVelocityBias, random: &random)
    self.random = random
  }

  /// Records a motion.
  ///
  /// - Parameters:
  ///   - body: the motion of the sensor in its own axes.
  ///   - lost: seconds since the start whose scans are lost; nil for none.
  /// - Returns: the recording as it reads from 16-bit codes.
  mutating func record(_ body: SimulatorBody, lost: Range<Double>?) -> Recording {
    let rootRate = (SimulatorHand.rate / 2).squareRoot()
    let bandwidths = Self.bandwidths(rate: nominalRate)
    let force = filtered(
      body.specificForce, bandwidth: bandwidths.acceleration,
      noise: parameters.accelerationNoise * InertialRange.standardGravity * rootRate)
    let rate =
      parameters.accelerometerOnly
      ? []
      : filtered(
        body.angularVelocity, bandwidth: bandwidths.angularVelocity,
        noise: parameters.angularVelocityNoise * (Double.pi / 180) * rootRate)

    let accelerationScale = InertialRange.accelerationScale(parameters.accelerationRange)
    let angularVelocityScale = InertialRange.angularVelocityScale(parameters.angularVelocityRange)
    let period = 1 / (nominalRate * rateFactor)
    var recording = Recording(nominalRate: nominalRate)
    recording.reserveCapacity(Int(parameters.seconds / period) + 1)
    var scan = 0
    while true {
      let time = (Double(scan) + phase) * period
      scan += 1
      guard time < parameters.seconds else { break }
      let jitter = max(-period / 4, min(period / 4, parameters.timestampJitter * random.normal()))
      if let lost, lost.contains(time) { continue }
      let stamp = clockStart + clockRate * time + jitter
      let a = Self.quantised(acceleration.apply(Self.interpolated(force, time)), scale: accelerationScale)
      let w =
        rate.isEmpty
        ? nil : Self.quantised(angularVelocity.apply(Self.interpolated(rate, time)), scale: angularVelocityScale)
      recording.append(
        timestamp: Int64((stamp * 1e9).rounded()), acceleration: a.value, angularVelocity: w?.value,
        clippedAcceleration: a.clipped, clippedAngularVelocity: w?.clipped ?? [])
    }
    return recording
  }

  private mutating func filtered(
    _ values: [SIMD3<Double>], bandwidth: Double, noise: Double
  ) -> [SIMD3<Double>] {
    var filter = SimulatorFilter.lowPass(bandwidth, rate: SimulatorHand.rate)
    if let first = values.first { filter.settle(at: first) }
    var result: [SIMD3<Double>] = []
    result.reserveCapacity(values.count)
    for value in values { result.append(filter.next(value + noise * random.normalVector())) }
    return result
  }

  /// The value between steps, on the cubic through the four nearest.
  private static func interpolated(_ values: [SIMD3<Double>], _ time: Double) -> SIMD3<Double> {
    let position = time * SimulatorHand.rate
    let i = max(1, min(values.count - 3, Int(position)))
    let x = position - Double(i)
    let (a, b, c, d) = (values[i - 1], values[i], values[i + 1], values[i + 2])
    let first = c - a / 3 - b / 2 - d / 6
    let second = (a - 2 * b + c) / 2
    let third = (d - a) / 6 + (b - c) / 2
    return b + x * (first + x * (second + x * third))
  }

  private static func quantised(
    _ vector: SIMD3<Double>, scale: Double
  ) -> (value: SIMD3<Double>, clipped: AxisFlags) {
    var value = SIMD3<Double>()
    var clipped: AxisFlags = []
    for axis in 0..<3 {
      let code = max(-32_768, min(32_767, (vector[axis] / scale).rounded()))
      if code >= 32_767 || code <= -32_768 { clipped.insert(AxisFlags(axis: axis)) }
      value[axis] = code * scale
    }
    return (value, clipped)
  }
}
