import Motion

/// The two sides of a pairing. Which of them is the reference, towards whose bits the other one corrects, follows from
/// their preambles.
public enum PairingRole: String, Sendable, Hashable, CaseIterable {
  /// Initiates the handshakes, and opens her preamble first.
  case alice
  /// Responds, and says how the motion is made into bits.
  case bob

  /// The role byte of every role-separated hash: 0x41 or 0x42.
  var byte: UInt8 { self == .alice ? 0x41 : 0x42 }

  /// The other side.
  var peer: PairingRole { self == .alice ? .bob : .alice }
}

extension MatchingFilter.Side {
  /// Who that is, where the reference is called Alice.
  func role(reference: PairingRole) -> PairingRole { self == .alice ? reference : reference.peer }
}
