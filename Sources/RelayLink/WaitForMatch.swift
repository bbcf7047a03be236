/// Two boards that a relay brought together in a room.
public struct RelayMatch: Sendable, Hashable {
  /// The fresh session to go on in, with ``RelayConnection/open(endpoint:sessionCode:role:options:)``.
  public let session: RelaySession
  /// The role the relay assigned.
  public let role: RelayRole
  /// Given back to ``waitForMatch(at:room:ticket:options:joined:)`` after a failure, it keeps the relay from matching the same
  /// two boards again in the same window while others wait.
  public let ticket: String?

  /// Describes a match.
  ///
  /// - Parameters:
  ///   - session: the session, with its role.
  ///   - role: the role assigned.
  ///   - ticket: the relay's ticket, if it gave one.
  public init(session: RelaySession, role: RelayRole, ticket: String?) {
    self.session = session
    self.role = role
    self.ticket = ticket
  }
}

/// Waits in a room until the relay has matched this board with another (`/rooms/{room}`).
///
/// There is no deadline once the relay has answered: whoever opened a window cancels the task when it ends, and that
/// leaves the room. Who else is in the room is for the relay to know and for the pairing itself to judge.
///
/// - Parameters:
///   - endpoint: where the relay is.
///   - room: 1 to 64 characters of `A-Za-z0-9._-`.
///   - ticket: the ticket of the last match in this window, if it came to nothing.
///   - options: deadlines, certificates, proxies.
///   - joined: called once when the relay says that the board waits in the room, on the link's thread: it must not
///     block. Not called where the match comes at once.
/// - Throws: ``RelayLinkError``; ``RelayLinkError/cancelled`` within a second of a cancellation.
public func waitForMatch(
  at endpoint: RelayEndpoint, room: String, ticket: String? = nil, options: RelayLinkOptions = RelayLinkOptions(),
  joined: @escaping @Sendable () -> Void = {}
) async throws(RelayLinkError) -> RelayMatch {
  guard RoomName.isValid(room) else { throw .invalidRoom }
  var path = "/rooms/\(room)"
  if let ticket {
    guard RoomInterpreter.isTicket(ticket) else {
      throw .invalidOptions("the ticket is not one that a relay gave; leave it out")
    }
    path += "?ticket=\(ticket)"
  }
  let link: OpenedLink<RelayMatch>
  do throws(RelayLinkError) {
    link = try await OpenedLink.open(
      path: path, endpoint: endpoint, options: options, interpreter: RoomInterpreter(), patient: joined)
  } catch {
    // A room needs no session: what answers so is something else, or a relay without rooms.
    if case .unknownSession = error { throw .notARelay(status: 404) }
    throw error
  }
  link.mailbox.ask(.close)
  await link.mailbox.ended()
  link.thread.join()
  return link.value
}
