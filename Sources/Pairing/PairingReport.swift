import Agreement
import Motion

/// What one side can say of its pairing, for reports; no exact statistic of secret bits.
public struct PairingReport: Sendable {
  /// One channel in use.
  public struct Channel: Sendable {
    /// "gyro x" and so on.
    public let name: String
    /// Correlation of the two boards' innovations, or values, on the preamble.
    public let correlation: Double
    /// Bits per value.
    public let levels: Int
    /// Guard in deviations of the innovation; `nil` on a lattice.
    public let guardBand: Double?
    /// Width of a cell in deviations of the low-passed motion; `nil` but on a lattice.
    public let cellWidth: Double?
    /// Bits kept by both.
    public var kept: Int
  }

  /// How the onset was found.
  public enum Onset: String, Sendable {
    /// Quiet, then motion.
    case detected
    /// A recording that begins in motion.
    case assumed
  }

  /// How the onset was found, `nil` before.
  public internal(set) var onset: Onset?
  /// The profile that both sides permit, once greeted.
  public internal(set) var profile: QuantiserProfile?
  /// The board whose grid, frame and bits are the reference, once planned; the other one corrects its bits.
  public internal(set) var reference: PairingRole?
  /// The alignment of the two boards, once found: the other board's clock and frame against the reference's.
  public internal(set) var alignment: Alignment?
  /// Correlation of the whitened preambles.
  public internal(set) var whitenedCorrelation: Double?
  /// Spacing of the steps, seconds.
  public internal(set) var stepSpacing: Double?
  /// Which board's motion is filtered to match the other's, by sensor.
  public internal(set) var matched: [SensorKind: PairingRole] = [:]
  /// The channels of the plan.
  public internal(set) var channels: [Channel] = []
  /// Predicted rate of bit errors after erasure.
  public internal(set) var predictedErrorRate: Double?
  /// Length of the preamble with the pause behind it, seconds.
  public internal(set) var preambleSeconds: Double?
  /// The reference's shake from its onset to the last second used, seconds.
  public internal(set) var shakeSeconds: Double?
  /// Bits before erasure, over the seconds used.
  public internal(set) var rawBits: Int?
  /// Bits in cells kept by both.
  public internal(set) var keptBits: Int?
  /// Own kept cells that the peer kept too.
  public internal(set) var overlap: Double?
  /// In the profile `offset`: cells of both masks that the other board accepted.
  public internal(set) var accepted: Double?
  /// Every disclosure.
  public internal(set) var ledger = LeakageLedger()
  /// The clamp with all its terms, once computed.
  public internal(set) var clamp: ClampResult?
  /// Cascade's figures: complete where bits are corrected, answers and round trips on the reference's side.
  public internal(set) var cascade: CascadeFigures?
  /// How many bits of the key are justified, as far as may be told beside a key: exactly where the cap was the least
  /// bound, otherwise that there are as many as are needed (the sum would give away a bound that the secret bits set);
  /// `nil` before the clamp.
  public var justifiedBits: Int? {
    clamp.map { $0.bindingBound?.name == "cap" ? $0.usableBits : EntropyClamp.requiredBits }
  }
  /// Messages that waited for the peer, over the whole pairing.
  public internal(set) var roundTrips = 0

  /// Figures of the error correction.
  public struct CascadeFigures: Sendable {
    /// Passes run; `nil` on the reference's side.
    public var passes: Int?
    /// Parities disclosed.
    public var leakage: Int
    /// Leakage over n·h(p); `nil` on the reference's side or without errors.
    public var efficiency: Double?
    /// Query–answer exchanges.
    public var roundTrips: Int
    /// Bits corrected; `nil` on the reference's side.
    public var corrected: Int?
    /// Corrections made by going back to earlier blocks; `nil` on the reference's side.
    public var backtracked: Int?
  }
}
