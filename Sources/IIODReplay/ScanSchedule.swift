/// The endless row of scans that a device delivers in a playback: rest, then the recording, once or again and again.
///
/// Scans are counted from the beginning of the playback.
struct ScanSchedule: Sendable {
  /// What is played.
  let recorded: ReplayModel.Recorded
  /// How much faster than recorded.
  let rate: Double
  /// From the beginning of one pass to that of the next, recorded ns; nil where there is only one.
  let passLength: Int64?
  /// When it begins.
  var playback: Stage.Playback

  /// Where a scan comes from, and what it says.
  struct Scan: Equatable {
    var isRest: Bool
    /// Which scan of the rest or of the recording.
    var index: Int
    /// Its stamp by the monotonic clock, ns.
    var stamp: Int64
  }

  private var restBase: Int64 { playback.base + scaled(recorded.shift) }
  private var restPeriod: Int64 { max(1, scaled(recorded.timeline.period)) }

  /// How many scans of rest there are; nil while that is open.
  private var restCount: Int? {
    guard let start = playback.start else { return nil }
    let span = start - playback.base - restPeriod / 2
    return span <= 0 ? 0 : Int((span + restPeriod - 1) / restPeriod)
  }

  /// How many scans are due by an instant of the monotonic clock.
  func count(by now: Int64) -> Int {
    let rest = now < restBase ? 0 : Int((now - restBase) / restPeriod) + 1
    guard let restCount, let start = playback.start else { return rest }
    guard now >= start else { return min(rest, restCount) }
    let elapsed = unscaled(now - start) - recorded.shift
    let count = recorded.timeline.due.count
    guard elapsed >= 0 else { return min(rest, restCount) }
    guard let passLength else { return min(rest, restCount) + recorded.timeline.count(by: elapsed) }
    let pass = elapsed / passLength
    return min(rest, restCount) + Int(pass) * count + recorded.timeline.count(by: elapsed - pass * passLength)
  }

  /// When a scan is due; nil if it never is.
  func due(_ number: Int) -> Int64? {
    let rest = restCount ?? Int.max
    if number < rest { return restBase + Int64(number) * restPeriod }
    let index = number - rest
    let count = recorded.timeline.due.count
    guard let start = playback.start, count > 0, passLength != nil || index < count else { return nil }
    let pass = Int64(index / count) * (passLength ?? 0)
    return start + scaled(pass + recorded.shift + recorded.timeline.due[index % count])
  }

  /// A scan that is due.
  func scan(_ number: Int) -> Scan? {
    guard let due = due(number) else { return nil }
    let rest = restCount ?? Int.max
    if number < rest {
      return Scan(isRest: true, index: number, stamp: due)
    }
    let count = recorded.timeline.due.count
    let index = (number - rest) % count
    let pass = Int64((number - rest) / count) * (passLength ?? 0)
    guard let start = playback.start, let stamp = recordedStamp(index) else { return nil }
    let (sum, overflow) = scaled(pass + recorded.shift + stamp).addingReportingOverflow(start)
    return Scan(isRest: false, index: index, stamp: overflow ? .max : sum)
  }

  /// The stamp of a recorded scan since the beginning, ns.
  private func recordedStamp(_ index: Int) -> Int64? {
    guard let position = recorded.layout.channels.firstIndex(where: { $0.id == "timestamp" }),
      let stamp = recorded.layout.channels[position].format.decode(
        recorded.bytes, at: index * recorded.layout.scanSize + recorded.layout.offsets[position])
    else { return nil }
    // Stamps are within 2^62 of zero; what is left of the range takes a pass and a shift.
    return Timeline.difference(stamp, recorded.timeline.origin)
  }

  private func scaled(_ time: Int64) -> Int64 {
    rate == 1 ? time : Int64(max(-4e18, min(4e18, (Double(time) / rate).rounded())))
  }

  /// Rounded up: a scan whose time has come must count as due.
  private func unscaled(_ time: Int64) -> Int64 {
    rate == 1 ? time : Int64(max(0, min(4e18, (Double(time) * rate + rate).rounded(.up))))
  }
}
