/// Which end of a session a board takes. The relay gives the two ends no other difference.
public enum RelayRole: String, Sendable, Hashable, CaseIterable {
  /// The board that created the session, or that the room matched first.
  case alice
  /// The board that joined.
  case bob

  /// The other end.
  public var peer: RelayRole {
    switch self {
    case .alice: .bob
    case .bob: .alice
    }
  }
}
