/// The two sides of a pairing: Alice is the reference, Bob corrects towards her.
public enum PairingRole: String, Sendable, Hashable, CaseIterable {
  /// Initiates the handshakes; her grid, frame and bits are the reference.
  case alice
  /// Responds; maps his recording to Alice's and corrects his bits.
  case bob

  /// The role byte of every role-separated hash: 0x41 or 0x42.
  var byte: UInt8 { self == .alice ? 0x41 : 0x42 }

  /// The other side.
  var peer: PairingRole { self == .alice ? .bob : .alice }
}
