/// A moment on a monotonic clock, in nanoseconds from an epoch of the caller's choosing.
public struct PairingInstant: Sendable, Hashable, Comparable {
  /// Nanoseconds since the epoch.
  public let nanoseconds: Int64

  /// A moment.
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Earlier and later.
  public static func < (a: PairingInstant, b: PairingInstant) -> Bool { a.nanoseconds < b.nanoseconds }

  /// A later moment; one beyond the clock's range is the end of that range. A NaN counts as no time.
  public func advanced(bySeconds seconds: Double) -> PairingInstant {
    // A century and a half either way is beyond every deadline, and its sum with any moment of a running clock is not.
    let limit = 0x1p62
    let step = seconds.isNaN ? 0 : Int64(min(max(seconds * 1e9, -limit), limit))
    let (sum, overflow) = nanoseconds.addingReportingOverflow(step)
    return PairingInstant(nanoseconds: overflow ? (step > 0 ? .max : .min) : sum)
  }

  /// Seconds from another moment to this one.
  public func seconds(since other: PairingInstant) -> Double {
    Double(nanoseconds &- other.nanoseconds) * 1e-9
  }
}
