#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What a run of Cascade did, for local reports: it says how many errors there were, so it is not for the peer.
public struct CascadeReport: Sendable, Equatable {
  /// The length of the string in bits.
  public let count: Int
  /// The passes made, verification passes included.
  public let passes: Int
  /// The parities received: the leakage in bits.
  public let parities: Int
  /// The bits corrected.
  public let corrected: Int
  /// How often a correction made a block that was known to agree disagree again, so that it was searched once more.
  public let backtracks: Int
  /// The messages sent, each answered by one.
  public let roundTrips: Int

  /// The efficiency f = leakage / (n·h(p)), h the binary entropy; 1 is the Shannon bound. `nil` unless 0 < p < 1.
  public func efficiency(errorRate: Double) -> Double? {
    guard errorRate > 0, errorRate < 1 else { return nil }
    let entropy = -errorRate * log2(errorRate) - (1 - errorRate) * log2(1 - errorRate)
    return Double(parities) / (Double(count) * entropy)
  }

  /// The efficiency at the error rate that turned up; `nil` when there were no errors.
  public var efficiency: Double? { efficiency(errorRate: Double(corrected) / Double(count)) }
}
