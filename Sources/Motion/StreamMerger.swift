/// Makes one recording of two devices, one with the accelerometer and one with the gyroscope, that stamp their scans by
/// one clock but at different moments.
///
/// The scans of one device, the leader, are kept with their stamps. The other's values are interpolated between the two
/// scans around each stamp, by a straight line. Where these lie too far apart, because scans are missing, or where
/// there are none, the value is NaN. An axis is flagged as clipped if it is in either of the two.
///
/// Stray stamps of the leader pass as they are; a follower's scan that is not later than the one before it is dropped.
package struct StreamMerger: Sendable {
  /// Which of the two devices.
  package enum Stream: Sendable, Hashable {
    case accelerometer
    case gyroscope
  }

  /// What can make merging impossible.
  package enum Problem: Error, Sendable, Hashable {
    /// The follower's stamps are far from the leader's: seconds between them.
    case clocksDiffer(seconds: Double)
  }

  /// Whose stamps are kept: the slower device's, whose scans are fewer; of equally fast ones the gyroscope's, since the
  /// alignment of two boards rests on angular velocity.
  package let leader: Stream
  /// How many scans of the leader may wait for the follower.
  static let waitingLimit = 4096

  private struct Sample {
    var time: Int64
    var value: SIMD3<Double>
    var clipped: AxisFlags
  }

  private let rate: Double?
  /// The widest distance between two scans of the follower that is still bridged by its nominal rate, ns.
  private let nominalBridge: Double
  /// The same by what its stamps show: two and a half times their median step lately.
  private var observedBridge = 0.0
  private var leading: [Sample] = []
  private var following: [Sample] = []

  /// Merges devices of nominal rates in Hz, where they are known.
  package init(accelerometerRate: Double?, gyroscopeRate: Double?) {
    if let slow = accelerometerRate, let fast = gyroscopeRate, slow < 0.9 * fast {
      leader = .accelerometer
    } else {
      leader = .gyroscope
    }
    rate = leader == .accelerometer ? accelerometerRate : gyroscopeRate
    let followerRate = leader == .accelerometer ? gyroscopeRate : accelerometerRate
    nominalBridge = 2.5e9 / (followerRate ?? rate ?? 25)
  }

  /// Takes scans of one device.
  package mutating func append(_ recording: Recording, from stream: Stream) {
    let values = stream == .accelerometer ? recording.acceleration : recording.angularVelocity
    let flags = stream == .accelerometer ? recording.clippedAcceleration : recording.clippedAngularVelocity
    for index in recording.timestamps.indices where values.indices.contains(index) {
      let sample = Sample(
        time: recording.timestamps[index], value: values[index],
        clipped: flags.indices.contains(index) ? flags[index] : [])
      if stream == leader {
        leading.append(sample)
      } else if following.last.map({ sample.time > $0.time }) ?? true {
        following.append(sample)
      }
    }
    if stream != leader {
      // A sensor need not have the rate that it names.
      let lately = following.suffix(33)
      let steps = zip(lately, lately.dropFirst()).map { Double($1.time) - Double($0.time) }.sorted()
      if steps.count >= 8 { observedBridge = 2.5 * steps[steps.count / 2] }
    }
  }

  /// The merged scans that are complete by now: those at or before the follower's last stamp.
  package mutating func take() throws(Problem) -> Recording {
    var merged = Recording(nominalRate: rate)
    guard let newest = following.last else {
      try refuseBacklog(against: nil)
      return merged
    }
    var done = 0
    while done < leading.count, leading[done].time <= newest.time {
      append(leading[done], to: &merged)
      done += 1
    }
    leading.removeFirst(done)
    // The scan before the leader's next stamp is needed yet, and a little more for leaders that step back.
    if let last = merged.timestamps.last {
      let keep = (following.lastIndex { $0.time <= last } ?? 0) - 16
      if keep > 0 { following.removeFirst(keep) }
    }
    if following.count > Self.waitingLimit { following.removeFirst(following.count - Self.waitingLimit) }
    try refuseBacklog(against: newest.time)
    return merged
  }

  private func refuseBacklog(against newest: Int64?) throws(Problem) {
    guard leading.count > Self.waitingLimit, let first = leading.first else { return }
    throw .clocksDiffer(seconds: newest.map { (Double(first.time) - Double($0)) * 1e-9 } ?? .infinity)
  }

  private func append(_ sample: Sample, to merged: inout Recording) {
    let other = interpolated(at: sample.time)
    switch leader {
    case .accelerometer:
      merged.append(
        timestamp: sample.time, acceleration: sample.value, angularVelocity: other.value,
        clippedAcceleration: sample.clipped, clippedAngularVelocity: other.clipped)
    case .gyroscope:
      merged.append(
        timestamp: sample.time, acceleration: other.value, angularVelocity: sample.value,
        clippedAcceleration: other.clipped, clippedAngularVelocity: sample.clipped)
    }
  }

  private func interpolated(at time: Int64) -> (value: SIMD3<Double>, clipped: AxisFlags) {
    let missing = (SIMD3<Double>(repeating: .nan), AxisFlags())
    // The first scan at or after the moment; stamps ascend here.
    var low = 0
    var high = following.count
    while low < high {
      let middle = (low + high) / 2
      if following[middle].time < time { low = middle + 1 } else { high = middle }
    }
    guard low < following.count else { return missing }
    let after = following[low]
    if after.time == time { return (after.value, after.clipped) }
    guard low > 0 else { return missing }
    let before = following[low - 1]
    let distance = Double(after.time) - Double(before.time)
    guard distance <= max(nominalBridge, observedBridge) else { return missing }
    let share = (Double(time) - Double(before.time)) / distance
    return (before.value + (after.value - before.value) * share, before.clipped.union(after.clipped))
  }
}
