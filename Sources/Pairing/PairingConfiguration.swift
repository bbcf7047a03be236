import Motion

/// What one side of a pairing is set to.
public struct PairingConfiguration: Sendable {
  /// Where the samples come from.
  public enum Source: Sendable, Hashable {
    /// A live sensor: onsets are compared by the session clock too.
    case live
    /// A recording played back: only the motion itself tells when it was made.
    case recording(assumesOnset: Bool)
  }

  /// Alice or Bob.
  public var role: PairingRole
  /// The relay's 16-byte session id, bound into every key.
  public var sessionID: [UInt8]
  /// Live sensor or recording.
  public var source: Source
  /// Which sensors the source has.
  public var sensors: Set<SensorKind>
  /// What ``margin`` may be set to, here and by the peer.
  static let margins = 128...8192

  /// Permitted profiles.
  public var profiles: [QuantiserProfile] = [.guard]
  /// Security margin in bits; 512 by default, never below 128.
  public var margin = 512
  /// Who this board is; without one it pairs all the same, and neither side learns who the other is.
  public var identity: BoardIdentity?
  /// How long to wait for the peer to join, seconds.
  public var peerTimeout = 60.0
  /// How long a window stays open for a burst of motion, seconds.
  public var windowSeconds = 60.0
  /// How long any single step may take, seconds.
  public var stepTimeout = 10.0
  /// The longest key zone, seconds.
  public var maximumSeconds = 60
  /// How long an attempt may take in all from the onset of the burst on, seconds: the longest key zone and a minute for
  /// the rest. Every message renews ``stepTimeout``, this nothing does.
  public var attemptTimeout = 120.0
  /// Deliberate errors; only ``LocalPairing`` sets them. They are made on Bob's side, so Alice is the reference then.
  var rehearsal: Rehearsal? { didSet { if rehearsal != nil { references = [.alice] } } }
  /// Who may be the reference; the same on both boards.
  var references = PairingRole.allCases
  /// What Cascade's permutations are keyed by in place of the transcript, so that two recordings give the same figures
  /// every time; only ``LocalPairing`` sets it, where nobody listens.
  var permutationKey: [UInt8]?

  /// A configuration with the defaults above.
  public init(role: PairingRole, sessionID: [UInt8], source: Source, sensors: Set<SensorKind>) {
    self.role = role
    self.sessionID = sessionID
    self.source = source
    self.sensors = sensors
  }
}

/// What happened outside the machine.
public enum PairingEvent: Sendable {
  /// The link to the relay stands.
  case start
  /// The other side joined, or joined anew.
  case peerJoined
  /// The other side left.
  case peerLeft
  /// A packet from the other side.
  case packet([UInt8])
  /// The relay passed on something that is no packet.
  case protocolViolation(String)
  /// The link broke, or the relay ended the session.
  case linkLost(String)
  /// Scans from the sensor, in order of arrival.
  case samples(Recording)
  /// The recording is at its end.
  case sourceEnded
  /// The sensor failed.
  case sourceFailed(String)
  /// The deadline may have passed.
  case tick
  /// The user cancelled.
  case cancel
}

/// What the machine wants done.
public enum PairingAction: Sendable {
  /// Send these bytes to the other side, in order.
  case send([UInt8])
  /// Begin to deliver samples.
  case startSampling
  /// Samples are no longer needed.
  case stopSampling
  /// Something for the user to see.
  case progress(PairingProgress)
  /// The end: paired.
  case paired(PairedSession)
  /// The end: no key.
  case aborted(AbortReason)
}

/// Where a pairing stands.
public enum PairingProgress: Sendable, Hashable, CustomStringConvertible {
  /// Waiting for the other side.
  case waitingForPeer
  /// The outer channel stands; waiting for a shake.
  case waitingForShake
  /// Motion began.
  case shaking
  /// The preambles show one rigid motion.
  case together
  /// Bits kept by both so far, and about how many are needed.
  case collecting(kept: Int, needed: Int)
  /// Enough: correcting errors.
  case reconciling
  /// Deriving and confirming the key.
  case confirming

  /// One line for the user.
  public var description: String {
    switch self {
    case .waitingForPeer: "waiting for the other board"
    case .waitingForShake: "connected; hold the boards still for a second, then shake them together"
    case .shaking: "shaking"
    case .together: "the boards move as one"
    case .collecting(let kept, let needed): "collecting: \(kept) of about \(needed) bits"
    case .reconciling: "correcting errors"
    case .confirming: "exchanging keys"
    }
  }
}
