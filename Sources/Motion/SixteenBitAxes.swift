/// The axes of one sensor as signed 16-bit codes.
struct SixteenBitAxes {
  /// One entry per scan; empty if there is no such sensor.
  let codes: [SIMD3<Int16>]
  /// SI units per code.
  let scale: Double

  /// Quantises the values of a sensor.
  ///
  /// - Parameters:
  ///   - values: in SI units; empty if there is no such sensor.
  ///   - clipped: axes at full scale, or empty.
  ///   - scale: the scale to prefer, if any.
  ///   - ranges: the scales to choose from otherwise, in ascending order.
  ///   - name: the sensor's name, for error texts.
  ///   - file: the path, for error texts.
  init(
    _ values: [SIMD3<Double>], clipped: [AxisFlags], scale: Double?, ranges: [Double], name: String, file: String
  ) throws(CaptureError) {
    if let index = values.firstIndex(where: { !($0.x.isFinite && $0.y.isFinite && $0.z.isFinite) }) {
      throw CaptureError(
        kind: .unwritable, file: file, place: "scan \(index)", problem: "\(name) is not finite, expected numbers",
        advice: "leave such scans out")
    }
    let extent = Extent(values, clipped: clipped)
    var candidates = ranges + extent.scaleOfFlagged
    if let scale, scale.isFinite, scale > 0 { candidates.insert(scale, at: 0) }
    let chosen =
      candidates.first { extent.isInside($0) && extent.isFlaggedAtFullScale($0) }
      ?? candidates.first { extent.isInside($0) } ?? ranges.last ?? 1
    self.scale = chosen
    codes = values.indices.map { index in
      let flags = clipped.indices.contains(index) ? clipped[index] : []
      var code = SIMD3<Int16>()
      for axis in 0..<3 {
        let value = values[index][axis]
        if flags.contains(AxisFlags(axis: axis)) {
          code[axis] = value < 0 ? Int16.min : Int16.max
        } else {
          code[axis] = Int16(max(-32_768, min(32_767, (value / chosen).rounded())))
        }
      }
      return code
    }
  }

  /// The extremes of the values, apart for those at full scale.
  private struct Extent {
    private var largest = 0.0
    private var smallest = 0.0
    private var flaggedAbove: ClosedRange<Double>?
    private var flaggedBelow: ClosedRange<Double>?

    init(_ values: [SIMD3<Double>], clipped: [AxisFlags]) {
      for index in values.indices {
        let flags = clipped.indices.contains(index) ? clipped[index] : []
        for axis in 0..<3 {
          let value = values[index][axis]
          if !flags.contains(AxisFlags(axis: axis)) {
            largest = max(largest, value)
            smallest = min(smallest, value)
          } else if value < 0 {
            flaggedBelow = Self.range(flaggedBelow, with: value)
          } else {
            flaggedAbove = Self.range(flaggedAbove, with: value)
          }
        }
      }
    }

    /// Whether no value that is not flagged reaches full scale.
    func isInside(_ scale: Double) -> Bool {
      (largest / scale).rounded() < 32_767 && (smallest / scale).rounded() > -32_768
    }

    /// Whether every flagged value is what a code at full scale stands for.
    func isFlaggedAtFullScale(_ scale: Double) -> Bool {
      func spans(_ range: ClosedRange<Double>?, _ codes: ClosedRange<Double>) -> Bool {
        guard let range else { return true }
        return codes.contains((range.lowerBound / scale).rounded())
          && codes.contains((range.upperBound / scale).rounded())
      }
      return spans(flaggedAbove, 32_767...32_767) && spans(flaggedBelow, -32_768...(-32_768))
    }

    /// The scale that puts flagged values at full scale, if one can; none without flagged values.
    var scaleOfFlagged: [Double] {
      let scale = flaggedAbove.map { $0.lowerBound / 32_767 } ?? flaggedBelow.map { -$0.upperBound / 32_768 } ?? 0
      return scale.isFinite && scale > 0 ? [scale] : []
    }

    private static func range(_ range: ClosedRange<Double>?, with value: Double) -> ClosedRange<Double> {
      guard let range else { return value...value }
      return min(range.lowerBound, value)...max(range.upperBound, value)
    }
  }
}
