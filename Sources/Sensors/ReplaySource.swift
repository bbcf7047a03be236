import Motion

/// Plays a recording as if it came from a sensor.
///
/// Batches are made as they are asked for, so that a slow consumer delays them rather than losing any.
public struct ReplaySource: MotionSource {
  /// How fast.
  public enum Pace: Sendable, Hashable {
    /// As fast as it is taken.
    case fast
    /// As it was recorded.
    case realTime
  }

  /// The recording to play.
  public let recording: Recording
  /// How fast to play it.
  public let pace: Pace
  /// What the recording is called.
  public let name: String
  /// Recorded time that one batch covers, ns.
  private static let batch: Int64 = 50_000_000

  /// A source over a recording.
  public init(recording: Recording, pace: Pace, name: String = "recording") {
    self.recording = recording
    self.pace = pace
    self.name = name
  }

  /// What is in the recording; never fails.
  /// What the recording holds.
  public func describe() async throws(SensorError) -> MotionSourceDescription {
    MotionSourceDescription(
      name: name, hasAccelerometer: recording.hasAccelerometer, hasGyroscope: recording.hasGyroscope,
      rate: recording.nominalRate ?? (recording.count > 2 ? 1 / recording.typicalPeriod : nil), isLive: false)
  }

  /// Plays the recording from its beginning. The stream ends after ``MotionEvent/ended``, or when its consumer goes.
  public func events() -> AsyncStream<MotionEvent> {
    let player = Player(recording, pace)
    return AsyncStream { await player.next() }
  }

  /// The place in the recording that a stream has reached.
  private actor Player {
    private let recording: Recording
    private let pace: Pace
    private let start = ContinuousClock.now
    private var position = 0
    private var hasEnded = false

    init(_ recording: Recording, _ pace: Pace) {
      self.recording = recording
      self.pace = pace
    }

    func next() async -> MotionEvent? {
      guard !hasEnded, !Task.isCancelled else { return nil }
      guard position < recording.count else {
        hasEnded = true
        return .ended
      }
      let range = position..<ReplaySource.endOfBatch(in: recording.timestamps, from: position)
      position = range.upperBound
      if pace == .realTime {
        // A batch is there when its last scan would be.
        let elapsed = recording.timestamps[range.upperBound - 1] &- recording.timestamps[0]
        do {
          try await ContinuousClock().sleep(until: start.advanced(by: .nanoseconds(max(0, elapsed))))
        } catch {
          hasEnded = true
          return nil
        }
      }
      return .scans(recording[range])
    }
  }

  /// Where the batch that begins at an index ends; stray time stamps do not make it endless.
  private static func endOfBatch(in timestamps: [Int64], from start: Int) -> Int {
    let boundary = timestamps[start] &+ batch
    // A second's worth of scans of the fastest sensors, should the clock stand still.
    let limit = min(timestamps.count, start + 4096)
    var end = start + 1
    while end < limit, timestamps[end] < boundary { end += 1 }
    return end
  }
}
