import Agreement
import Motion
import SecureChannel

/// Why a pairing ended without a key.
public enum AbortReason: Error, Sendable, Equatable {
  // The link and the peer.
  case linkLost(String)
  case peerLeft
  case peerAborted(String)
  case deadline(step: String)
  case attemptTooLong(step: String, seconds: Double)
  case linkTooSlow(roundTrip: Double)
  case cancelled
  case unsupportedVersion(UInt8)
  case noCommonProfile(own: [QuantiserProfile], peer: [QuantiserProfile])
  case sameRole
  case malformed(String)
  case unexpectedMessage(String)
  case badSeal
  case badCount
  // The motion.
  case sensorFailed(String)
  case noMotion
  case preambleIncomplete
  case preambleCommitmentMismatch
  case onsetsDisagree(seconds: Double)
  case alignment(AlignmentError)
  case plan(PlanFailure)
  case planRejected(String)
  case tooShort(kept: Int, needed: Int)
  // Agreement.
  case maskCommitmentMismatch
  case maskOverlap(sensor: String, overlap: Double)
  case offsetsRejected(sensor: String, share: Double)
  case gate(String)
  case tooLittleEntropy(String)
  case tooManyErrors(String)
  case leakageBudget(String)
  case reconciliation(String)
  // The key exchange.
  case tagMismatch
  case tagReflected
  case ephemeralMismatch
  case handshake(String)
  case confirmation
  case identityProof
  case sameIdentity
  case internalFault(String)

  /// A short stable name for programs.
  public var code: String {
    switch self {
    case .linkLost: "link-lost"
    case .peerLeft: "peer-left"
    case .peerAborted: "peer-aborted"
    case .deadline: "deadline"
    case .attemptTooLong: "attempt-too-long"
    case .linkTooSlow: "link-too-slow"
    case .cancelled: "cancelled"
    case .unsupportedVersion: "unsupported-version"
    case .noCommonProfile: "no-common-profile"
    case .sameRole: "same-role"
    case .malformed: "malformed-message"
    case .unexpectedMessage: "unexpected-message"
    case .badSeal: "bad-seal"
    case .badCount: "bad-count"
    case .sensorFailed: "sensor-failed"
    case .noMotion: "no-motion"
    case .preambleIncomplete: "preamble-incomplete"
    case .preambleCommitmentMismatch: "preamble-commitment"
    case .onsetsDisagree: "onsets-disagree"
    case .alignment(let error):
      switch error {
      case .noCommonSensor: "no-common-sensor"
      case .tooFewScans: "too-few-scans"
      case .repeatedValues: "repeated-values"
      case .tooMuchClipping: "too-much-clipping"
      case .tooLittleMotion: "too-little-motion"
      case .oneAxisOnly: "one-axis-only"
      case .notShakenTogether: "not-shaken-together"
      case .disturbed: "preamble-disturbed"
      case .accelerometersDisagree: "accelerometers-disagree"
      case .onsetsDisagree: "onsets-disagree"
      case .implausibleMap: "implausible-map"
      }
    case .plan(let failure):
      switch failure {
      case .unsuitableRate: "unsuitable-rate"
      case .tooFewSteps: "too-few-scans"
      case .whitenedMismatch: "fine-motion-differs"
      case .ambiguousOffset: "ambiguous-offset"
      case .noUsableChannel: "no-usable-channel"
      }
    case .planRejected: "plan-rejected"
    case .tooShort: "too-short"
    case .maskCommitmentMismatch: "mask-commitment"
    case .maskOverlap: "mask-overlap"
    case .offsetsRejected: "offsets-rejected"
    case .gate: "randomness-gate"
    case .tooLittleEntropy: "too-little-entropy"
    case .tooManyErrors: "too-many-errors"
    case .leakageBudget: "leakage-budget"
    case .reconciliation: "reconciliation"
    case .tagMismatch: "tag-mismatch"
    case .tagReflected: "tag-reflected"
    case .ephemeralMismatch: "ephemeral-commitment"
    case .handshake: "handshake"
    case .confirmation: "confirmation"
    case .identityProof: "identity-proof"
    case .sameIdentity: "same-identity"
    case .internalFault: "internal-fault"
    }
  }

  /// Whether the fault lies with this program or machine rather than with the peer, the link or the motion.
  public var isFault: Bool {
    switch self {
    case .internalFault, .sensorFailed: true
    default: false
    }
  }
}

extension AbortReason: CustomStringConvertible {
  /// What happened, what was expected and what to do, for the local user only.
  public var description: String {
    switch self {
    case .linkLost(let text): "the connection to the relay was lost (\(text)); check the network and try again"
    case .peerLeft:
      "the other board left the session, or the relay says so; start both again and keep them running until both say "
        + "PAIRED"
    case .peerAborted(let code): "the other board aborted (\(code)); its own log says why. Hold still, then shake again"
    case .deadline(let step): "nothing came in time while \(step); start both boards again"
    case .attemptTooLong(let step, let seconds):
      "the attempt was not done \(format(seconds, 0)) s after the shake began (still \(step)): the other side or the "
        + "relay is too slow, or delays on purpose; shake again, over a faster link"
    case .linkTooSlow(let roundTrip):
      "the link is too slow: the best round trip to the other board took \(format(roundTrip, 2)) s, at most "
        + "\(format(ClockProbes.longestRoundTrip, 1)) s is allowed to tell whether both began to move together; use a "
        + "nearer relay or a faster link"
    case .cancelled: "cancelled on this board"
    case .unsupportedVersion(let version):
      "the other board speaks protocol version \(version), this one \(Hello.version); update the older one"
    case .noCommonProfile(let own, let peer):
      "the two boards have no permitted quantiser profile in common: this one permits \(names(own)), the other one "
        + "\(names(peer)); permit one of them on both"
    case .sameRole:
      "the other board took the same role; start one as alice and one as bob (in a room the relay says who is "
        + "which: whoever is there is not a working tacc, or hostile)"
    case .malformed(let text):
      "the other side or the relay sent a malformed message (\(text)); it is not a working tacc, or hostile"
    case .unexpectedMessage(let text):
      "the other side or the relay broke the order of messages (\(text)); it may be hostile"
    case .badSeal: "a message was forged, lost or repeated on the way; the relay or the network is not faithful"
    case .badCount: "the other side or the relay counts messages that were never sent; it may be hostile"
    case .sensorFailed(let text): "the motion source failed: \(text)"
    case .noMotion:
      "no burst of motion was seen: hold the boards still for a second, then shake them together for at least 8 s"
    case .preambleIncomplete:
      "the first two seconds of the shake were not fully recorded; the source ended, or lost too many scans"
    case .preambleCommitmentMismatch:
      "the other side or the relay opened another preamble than it had committed to; it may be hostile"
    case .onsetsDisagree(let seconds):
      "the two boards began to move \(format(seconds, 2)) s apart, at most 0.3 s is allowed; hold both still, then "
        + "shake them together"
    case .alignment(let error): describe(error)
    case .plan(let failure): describe(failure)
    case .planRejected(let text):
      "the plan of the other side or the relay does not follow from the preambles (\(text)); it may be hostile"
    case .tooShort(let kept, let needed):
      "the shake was too short: \(kept) bits were kept, about \(needed) are needed; shake longer, in all directions"
    case .maskCommitmentMismatch:
      "the other side or the relay opened another mask than it had committed to; it may be hostile"
    case .maskOverlap(let sensor, let overlap):
      "the other side kept only \(format(overlap * 100, 0)) % of the \(sensor) cells this side kept, 60 % are needed: "
        + "the boards moved against each other, or it picks the cells it can predict"
    case .offsetsRejected(let sensor, let share):
      "only \(format(share * 100, 0)) % of the \(sensor) values lay where their published offsets say, "
        + "\(format(KeyZone.leastAcceptance * 100, 0)) % are needed: the boards moved against each other, or one side only "
        + "guesses the motion. Press them together firmly and shake again"
    case .gate(let text): "the bits failed a randomness gate: \(text)"
    case .tooLittleEntropy(let sum): "a key of 128 bits cannot be justified; shake longer, in all directions\n\(sum)"
    case .tooManyErrors(let text): "the two recordings differ too much: \(text)"
    case .leakageBudget(let text): "correcting the errors would disclose too much: \(text)"
    case .reconciliation(let text): "error correction failed (\(text)); shake again"
    case .tagMismatch: "the two boards did not arrive at the same bits, or the relay changed messages; shake again"
    case .tagReflected: "the other side or the relay sent this side's own tag back; it is hostile"
    case .ephemeralMismatch: "the other side or the relay used another key than it had committed to; it is hostile"
    case .handshake(let text): "the authenticated key exchange failed (\(text)); somebody may be in between"
    case .confirmation:
      "the other side or the relay could not confirm the session keys; somebody may be in between"
    case .identityProof:
      "the other side did not prove that the identity it showed is its own; it is hostile, and nothing of it is kept"
    case .sameIdentity:
      "both boards have the same identity: one was made from a copy of the other's disk, or the other side is hostile. "
        + "Remove identity.json from the state directory of one of them, start its agent again, and shake again"
    case .internalFault(let text): "internal fault: \(text); please report it"
    }
  }

  private func names(_ profiles: [QuantiserProfile]) -> String {
    profiles.isEmpty ? "none that is known here" : profiles.sorted().map(\.name).joined(separator: ", ")
  }

  private func describe(_ error: AlignmentError) -> String {
    switch error {
    case .noCommonSensor:
      "one board has only a gyroscope and the other only an accelerometer; both need one kind in common"
    case .tooFewScans(let usable):
      "only \(usable) scans of the two preambles can be compared; the sensor stalls or is slow"
    case .repeatedValues(let repeated, let scans):
      "the sensor of one board repeats its values: \(repeated) of the \(scans) scans of its preamble are those before "
        + "them; set the rate at which the sensor itself measures to the sampling rate, or lower the sampling rate"
    case .tooMuchClipping(let share):
      "the sensor clipped: only \(format(share * 100, 0)) % of the first two seconds are usable; set a larger range "
        + "(±8 g and ±1000 °/s or more) or shake more gently"
    case .tooLittleMotion(let rms, let needed):
      "too little motion (rms \(format(rms, 2)), needed \(format(needed, 1))); shake harder"
    case .oneAxisOnly(let ratio):
      "the motion was about one axis only (second axis \(format(ratio, 3)) of the first); twist in all directions"
    case .notShakenTogether(let fit, let needed):
      "these two boards were not shaken together (R² \(format(fit, 3)), needed \(format(needed, 1)))"
    case .disturbed(let fit, let secondHalf):
      "the boards moved as one in part of the first two seconds only (R² \(format(fit, 3)) over all, "
        + "\(format(secondHalf, 3)) over the second half): press them together before shaking; if they were, a clock "
        + "or a sensor started late. Shake again"
    case .accelerometersDisagree(let fit, let needed):
      "without a gyroscope the accelerometers alone do not show one rigid motion (R² \(format(fit, 3)), needed "
        + "\(format(needed, 1))); press the boards closer together, or use boards with gyroscopes"
    case .onsetsDisagree(let offset):
      "the two bursts map \(format(abs(offset), 2)) s apart, at most 0.3 s is allowed; hold both still, then shake together"
    case .implausibleMap(let gains, let reflected):
      "the two sensors are related by no rotation (gains \(format(gains.x, 2)), \(format(gains.y, 2)), "
        + "\(format(gains.z, 2))\(reflected ? ", mirrored" : "")); check scale and mount matrix of both"
    }
  }

  private func describe(_ failure: PlanFailure) -> String {
    switch failure {
    case .unsuitableRate(let period):
      "a scan every \(format(period * 1000, 2)) ms divides into no permitted step; set 50…500 Hz, best 200 Hz"
    case .tooFewSteps(let usable, let steps):
      "the fine structure of the two motions cannot be compared: of the \(steps) steps of the first two seconds only "
        + "\(usable) are usable on both boards, at least \(PreambleStatistics.fewestSteps) are needed. Scans were lost, as "
        + "on a board that is too busy or whose bus is too slow, or clipped: stop what else runs on it, or set a lower "
        + "rate, hold still and shake again"
    case .whitenedMismatch(let correlation, let needed):
      "the two motions agree on the whole but not in their fine structure (whitened correlation "
        + "\(format(correlation, 3)), needed \(format(needed, 1))): the motion is too gentle for the sensors, "
        + "or one side only follows the other. Press the boards together firmly and shake harder"
    case .ambiguousOffset(let peak, let second, let lag):
      "the motion repeats itself too exactly to be aligned (correlation \(format(peak, 2)), and \(format(second, 2)) "
        + "\(format(lag, 2)) s away); shake less regularly"
    case .noUsableChannel:
      "no sensor axis carries enough: the boards differ too much, or the motion is too smooth or too regular; press "
        + "them together firmly and shake harder, in all directions"
    }
  }
}

/// A number with a fixed count of decimals.
func format(_ value: Double, _ decimals: Int) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let scaled = Int64((abs(value) * scale).rounded())
  let sign = value < 0 && scaled != 0 ? "-" : ""
  guard decimals > 0 else { return "\(sign)\(scaled)" }
  let fraction = String(scaled % Int64(scale))
  return "\(sign)\(scaled / Int64(scale))." + String(repeating: "0", count: decimals - fraction.count) + fraction
}
