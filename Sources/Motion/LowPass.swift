/// Low-passed motion of some channels over some steps. Wiped when its last owner lets go.
public struct LowPassedBlock: Sendable {
  /// The steps covered.
  public let steps: Range<Int>
  /// How many channels each step has.
  public let channelCount: Int
  /// Row-major, step by step, in SI units; NaN where missing or spoilt. Secret within the key zone.
  public var values: WipedSeries<Double>
  /// How fast the values change, per second, laid out alike; NaN where a neighbour is missing. Secret within the key zone.
  public var slopes: WipedSeries<Double>
}

/// How motion becomes low-passed values: means over boxes of grid points, one box after the other.
public struct LowPass: Sendable, Hashable {
  /// Grid points per step.
  public let width: Int

  /// - Returns: `nil` unless the width lies in 1…64.
  public init?(width: Int) {
    guard (1...64).contains(width) else { return nil }
    self.width = width
  }

  /// Alice's values, from her own scans.
  public func ownValues(
    of recording: Recording, onset: Int64, grid: SampleGrid, channels: [MotionChannel], steps: Range<Int>
  ) -> LowPassedBlock {
    block(
      of: gridOwnScans(
        recording, onset: onset, grid: grid, range: points(for: steps), usesLeverArm: false), grid: grid,
      channels: channels,
      steps: steps)
  }

  /// Bob's values, mapped to Alice's point and frame, on her grid.
  public func peerValues(
    of recording: Recording, onset: Int64, alignment: Alignment, grid: SampleGrid, channels: [MotionChannel],
    steps: Range<Int>
  ) -> LowPassedBlock {
    block(
      of: gridPeerScans(recording, onset: onset, alignment: alignment, grid: grid, range: points(for: steps)),
      grid: grid, channels: channels, steps: steps)
  }

  /// One step more on either side, for the slopes.
  private func points(for steps: Range<Int>) -> Range<Int> {
    (steps.lowerBound - 1) * width..<(steps.upperBound + 1) * width
  }

  private func block(
    of motion: GriddedMotion, grid: SampleGrid, channels: [MotionChannel], steps: Range<Int>
  ) -> LowPassedBlock {
    var values = WipedSeries(repeating: Double.nan, count: steps.count * channels.count)
    var slopes = WipedSeries(repeating: Double.nan, count: steps.count * channels.count)
    let apart = 2 * Double(width) * grid.spacing
    for kind in Set(channels.map(\.kind)) {
      let series = StepSeries(
        motion, kind: kind, steps: (steps.lowerBound - 1)..<(steps.upperBound + 1), width: width)
      for (c, channel) in channels.enumerated() where channel.kind == kind {
        let flag = AxisFlags(axis: channel.axis)
        for place in 1...max(steps.count, 1) where place <= steps.count && !series.invalid[place].contains(flag) {
          let cell = (place - 1) * channels.count + c
          values[cell] = series.values[place][channel.axis]
          guard !series.invalid[place - 1].contains(flag), !series.invalid[place + 1].contains(flag) else { continue }
          slopes[cell] = (series.values[place + 1][channel.axis] - series.values[place - 1][channel.axis]) / apart
        }
      }
    }
    return LowPassedBlock(steps: steps, channelCount: channels.count, values: values, slopes: slopes)
  }
}

extension Alignment {
  /// The same alignment with Bob's clock moved.
  ///
  /// - Parameter seconds: what to add to ``offset``.
  public func shifted(by seconds: Double) -> Alignment {
    Alignment(
      basis: basis, offset: offset + seconds, angularMap: angularMap, accelerationMap: accelerationMap,
      leverArm: leverArm, rotation: rotation, fit: fit, accelerationFit: accelerationFit, usableShare: usableShare)
  }
}
