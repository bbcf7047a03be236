/// The two sides of a session.
enum Role: String, Sendable, CaseIterable {
  case alice
  case bob

  /// The role at the other end.
  var other: Role { self == .alice ? .bob : .alice }
}
