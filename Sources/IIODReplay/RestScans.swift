import Motion

/// The scans that stand for a sensor at rest before its recording begins.
struct RestScans: Sendable {
  /// Whether the recording has them itself; otherwise they were made up from its first scan.
  let isRecorded: Bool
  /// Whole scans in the layout of the recording; repeated as long as rest lasts. Their stamps mean nothing.
  let bytes: [UInt8]

  /// The longest stretch that is taken from a recording, ns.
  private static let longest: Int64 = 1_500_000_000
  /// The shortest, ns.
  private static let shortest: Int64 = 300_000_000
  /// Motion is noticed late: what is this close before it is not taken, ns.
  private static let margin: Int64 = 200_000_000

  /// The quiet beginning of a recording, at most 1.5 s of it; where it begins in motion, its first scan with the angular
  /// velocity set to zero.
  init(of scans: RawCapture.Scans) {
    let recording = scans.recording
    var detector = BurstDetector()
    var count = 0
    var moved = false
    let first = recording.timestamps.first ?? 0
    for index in 0..<recording.count {
      let time = recording.timestamps[index]
      guard time >= first, Timeline.difference(time, first) <= Self.longest else { break }
      _ = detector.feed(
        time: time, acceleration: recording.hasAccelerometer ? recording.acceleration[index] : nil,
        angularVelocity: recording.hasGyroscope ? recording.angularVelocity[index] : nil)
      guard detector.quietSince != nil else {
        moved = true
        break
      }
      count = index + 1
    }
    if moved, count > 0 {
      let end = recording.timestamps[count - 1] - Self.margin
      count = recording.timestamps[..<count].lastIndex { $0 <= end }.map { $0 + 1 } ?? 0
    }
    let size = scans.layout.scanSize
    if count >= 2, Timeline.difference(recording.timestamps[count - 1], first) >= Self.shortest {
      isRecorded = true
      bytes = Array(scans.bytes.prefix(count * size))
      return
    }
    isRecorded = false
    var still = Array(scans.bytes.prefix(size))
    for (channel, offset) in zip(scans.layout.channels, scans.layout.offsets) where channel.id.hasPrefix("anglvel_") {
      let zero = Int64(max(-1e15, min(1e15, (-channel.offset).rounded())))
      _ = channel.format.encode(zero, into: &still, at: offset)
    }
    bytes = still
  }
}
