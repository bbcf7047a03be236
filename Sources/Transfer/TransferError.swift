import SecureChannel

/// Why something between two boards that know each other comes to nothing.
public enum TransferError: Error, Sendable, Equatable {
  /// The other side sent what it must not.
  case protocolViolation(String)
  /// It speaks a later version.
  case laterVersion(Int)
  /// It began anew: another process, or one that has lost what was agreed.
  case peerRestarted
  /// It takes this side for another process.
  case unknownToPeer
  /// It gave up, for a reason that it told; safe to show.
  case endedByPeer(String)
  /// It does not want the file; its reason, safe to show.
  case refused(String)
  /// What arrived is not what was sent.
  case damaged
  /// Keys, memory, a handshake that failed.
  case noise(NoiseError)
  /// Keys or memory.
  case crypto(CryptoError)
}

extension TransferError: CustomStringConvertible {
  /// What happened, what was expected, what to do.
  public var description: String {
    switch self {
    case .protocolViolation(let what): "the other board broke the protocol: \(what); update both boards"
    case .laterVersion(let version):
      "the other board speaks version \(version) of this, which this one does not know; update it"
    case .peerRestarted: "the other board began anew in the middle"
    case .unknownToPeer: "the other board knows nothing of what was under way"
    case .endedByPeer(let reason): "the other board ended it: \(reason)"
    case .refused(let reason): "the other board does not take it: \(reason)"
    case .damaged: "what arrived is not what was sent, though nobody on the way can have changed it; look at both disks"
    case .noise(let error): "\(error)"
    case .crypto(let error): "\(error)"
    }
  }
}

/// Text from another board as it may be shown: one line of at most so many bytes, without control characters or what
/// changes the direction of writing.
func displayable(_ bytes: some Sequence<UInt8>, limit: Int) -> String {
  DeviceText.filtered(String(decoding: Array(bytes), as: UTF8.self), limit: limit)
}

enum DeviceText {
  /// The text without what cannot be shown on a line, cut between characters.
  static func filtered(_ text: String, limit: Int) -> String {
    var result = ""
    for character in text {
      let allowed = String(String.UnicodeScalarView(character.unicodeScalars.filter(isAllowed)))
      guard result.utf8.count + allowed.utf8.count <= limit else { break }
      result += allowed
    }
    return result
  }

  static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
    default: true
    }
  }
}
