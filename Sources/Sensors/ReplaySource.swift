import Motion

/// What a motion source delivers.
public enum MotionEvent: Sendable {
  /// Scans, in order of arrival; at least one.
  case scans(Recording)
  /// There are no more.
  case ended
}

/// Plays a recording as if it came from a sensor.
public struct ReplaySource: Sendable {
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
  /// Recorded time that one batch covers, ns.
  private static let batch: Int64 = 50_000_000

  /// A source over a recording.
  public init(recording: Recording, pace: Pace) {
    self.recording = recording
    self.pace = pace
  }

  /// Plays the recording from its beginning. The stream ends after ``MotionEvent/ended``, or when its consumer goes.
  public func events() -> AsyncStream<MotionEvent> {
    let batches = Self.batches(of: recording)
    let pace = pace
    let first = recording.timestamps.first ?? 0
    return AsyncStream { continuation in
      let player = Task {
        let start = ContinuousClock.now
        for batch in batches {
          if pace == .realTime, let last = batch.timestamps.last {
            // A batch is there when its last scan would be.
            let due = start.advanced(by: .nanoseconds(max(0, last &- first)))
            do { try await ContinuousClock().sleep(until: due) } catch { break }
          }
          if Task.isCancelled { break }
          continuation.yield(.scans(batch))
        }
        continuation.yield(.ended)
        continuation.finish()
      }
      continuation.onTermination = { _ in player.cancel() }
    }
  }

  /// Cuts a recording at multiples of the batch length; stray time stamps do not make a batch endless.
  private static func batches(of recording: Recording) -> [Recording] {
    guard let first = recording.timestamps.first else { return [] }
    var batches: [Recording] = []
    var start = 0
    var boundary = first &+ batch
    for i in 0..<recording.count where recording.timestamps[i] >= boundary {
      if i > start { batches.append(recording[start..<i]) }
      start = i
      boundary = max(boundary, recording.timestamps[i]) &+ batch
    }
    batches.append(recording[start..<recording.count])
    return batches
  }
}
