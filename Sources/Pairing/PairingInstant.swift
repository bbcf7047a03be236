/// A moment on a monotonic clock, in nanoseconds from an epoch of the caller's choosing.
public struct PairingInstant: Sendable, Hashable, Comparable {
  /// Nanoseconds since the epoch.
  public let nanoseconds: Int64

  /// A moment.
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Earlier and later.
  public static func < (a: PairingInstant, b: PairingInstant) -> Bool { a.nanoseconds < b.nanoseconds }

  /// A later moment.
  public func advanced(bySeconds seconds: Double) -> PairingInstant {
    PairingInstant(nanoseconds: nanoseconds &+ Int64(seconds * 1e9))
  }

  /// Seconds from another moment to this one.
  public func seconds(since other: PairingInstant) -> Double {
    Double(nanoseconds &- other.nanoseconds) * 1e-9
  }
}
