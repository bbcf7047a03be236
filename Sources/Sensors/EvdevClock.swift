/// The times of packets of an input device that has a clock of its own.
///
/// That clock (MSC_TIMESTAMP: microseconds modulo 2^32) tells the time between two samples; when the kernel gets them
/// jitters with the bus or the radio between. It is tied to CLOCK_MONOTONIC at the first packet, and anew when the two
/// have parted, because the device was reset or the stream paused.
struct EvdevClock {
  /// How far the two clocks may part, ns: more than any radio delays a packet, and more than the drift of a recording.
  static let tolerance: Int64 = 500_000_000

  private struct Tie {
    /// CLOCK_MONOTONIC at the tie, ns.
    var monotonic: Int64
    /// Time of the device's clock since the tie, µs.
    var elapsed: Int64 = 0
    /// What the device's clock said last.
    var last: UInt32
  }

  private var tie: Tie?
  /// The time that was told last.
  private var latest: Int64?

  /// The time of a packet on CLOCK_MONOTONIC, ns.
  ///
  /// - Parameters:
  ///   - device: what the device's clock says, `nil` for a packet without.
  ///   - monotonic: when the kernel took the packet.
  mutating func nanoseconds(device: UInt32?, monotonic: Int64) -> Int64 {
    guard let device else { return monotonic }
    if var tie {
      // Modulo 2^32, as the clock counts. What ran backwards comes out as more than an hour, and is no step.
      tie.elapsed += Int64(device &- tie.last)
      tie.last = device
      let time = tie.monotonic &+ tie.elapsed &* 1000
      let (parted, overflow) = time.subtractingReportingOverflow(monotonic)
      if !overflow, parted.magnitude <= UInt64(Self.tolerance) {
        self.tie = tie
        latest = time
        return time
      }
    }
    // The packet of the tie before may have come late, and with it all after it; time goes on from there.
    var start = monotonic
    if let latest {
      let (ahead, overflow) = latest.subtractingReportingOverflow(monotonic)
      if !overflow, (0...Self.tolerance).contains(ahead) { start = latest &+ 1000 }
    }
    tie = Tie(monotonic: start, last: device)
    latest = start
    return start
  }
}
