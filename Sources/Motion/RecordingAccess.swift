extension AxisFlags {
  /// The axes of the image that depend on a flagged axis by more than 5 % of the map's largest entry.
  func mapped(through map: Matrix3) -> AxisFlags {
    if self == [] { return [] }
    let limit = 0.05 * map.largestMagnitude
    var image: AxisFlags = []
    for row in 0..<3 {
      for column in 0..<3 where contains(AxisFlags(axis: column)) && abs(map[row][column]) > limit {
        image.insert(AxisFlags(axis: row))
      }
    }
    return image
  }
}

extension Recording {
  /// Clipped axes of the acceleration of scan `index`.
  func clippedAxes(ofAccelerationAt index: Int) -> AxisFlags {
    clippedAcceleration.isEmpty ? [] : clippedAcceleration[index]
  }

  /// Clipped axes of the angular rate of scan `index`.
  func clippedAxes(ofAngularVelocityAt index: Int) -> AxisFlags {
    clippedAngularVelocity.isEmpty ? [] : clippedAngularVelocity[index]
  }

  /// Whether the scan's time advances and its values are finite and differ from the scan before it.
  func isUsableScan(_ index: Int) -> Bool {
    if hasAccelerometer, !acceleration[index].sum().isFinite { return false }
    if hasGyroscope, !angularVelocity[index].sum().isFinite { return false }
    guard index > 0 else { return true }
    if timestamps[index] <= timestamps[index - 1] { return false }
    return !repeatsValues(index)
  }

  /// Whether every value of the scan is that of the scan before it.
  private func repeatsValues(_ index: Int) -> Bool {
    let sameAcceleration = !hasAccelerometer || acceleration[index] == acceleration[index - 1]
    let sameRate = !hasGyroscope || angularVelocity[index] == angularVelocity[index - 1]
    return sameAcceleration && sameRate
  }

  /// How many scans repeat the values of the one before them.
  var repeatedScans: Int { (1..<Swift.max(count, 1)).count(where: repeatsValues) }

  /// The scans whose times lie in a closed range, as a range of indices; times that run backwards inside are kept.
  func indices(from first: Int64, to last: Int64) -> Range<Int> {
    // Times ascend but for stray scans, so a binary search by the first and last offender is enough.
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if timestamps[middle] < first { low = middle + 1 } else { high = middle }
    }
    let start = low
    high = count
    while low < high {
      let middle = (low + high) / 2
      if timestamps[middle] <= last { low = middle + 1 } else { high = middle }
    }
    return start..<max(low, start)
  }

  /// The median time between scans, seconds; 5 ms where there are too few to tell.
  public var typicalPeriod: Double {
    guard count >= 3 else { return 0.005 }
    // A few hundred intervals settle the median; the whole of a long recording would cost time at every call.
    let gaps = zip(timestamps.prefix(400), timestamps.prefix(401).dropFirst()).map { $1 &- $0 }.filter { $0 > 0 }
      .sorted()
    guard !gaps.isEmpty else { return 0.005 }
    // Stray stamps must not make it endless: no sensor that can be used is slower than this.
    return min(Double(gaps[gaps.count / 2]) * 1e-9, 1)
  }
}
