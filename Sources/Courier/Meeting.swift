import Foundation
import RelayLink
import SecureChannel
import Transfer

/// A session at the relay in which both boards have shown who they are.
struct Meeting: Sendable {
  /// Which of those that were waited for.
  let index: Int
  let link: RelayConnection
  let transport: Transport

  /// How long the other board may take for its part of the introduction.
  static let introductionTime = Duration.seconds(10)
  /// The same, in a session that both have agreed on; where one of them did not hear of it, they meet in the room.
  static let nextSessionTime = Duration.seconds(5)

  /// Waits in the rooms of all acquaintances, and introduces the board to whoever comes first. One attempt.
  ///
  /// - Parameters:
  ///   - tickets: the relay's, by room, of matches that came to nothing; that of this one is added.
  ///   - joined: called when the relay says that the board waits.
  /// - Returns: `nil` where somebody came and was not the peer.
  static func inRooms(
    of acquaintances: [Acquaintance], at relay: RelayAccess, tickets: inout [String: String],
    joined: @escaping @Sendable () -> Void
  ) async throws -> Meeting? {
    let second = Int64(Date().timeIntervalSince1970)
    var places: [(index: Int, room: String)] = []
    for (index, acquaintance) in acquaintances.enumerated() {
      for room in try acquaintance.rooms(atSecond: second) { places.append((index, room)) }
    }
    let (index, room, match) = try await withThrowingTaskGroup(of: (Int, String, RelayMatch).self) { group in
      for place in places {
        let ticket = tickets[place.room]
        group.addTask {
          (
            place.index, place.room,
            try await waitForMatch(
              at: relay.endpoint, room: place.room, ticket: ticket, options: relay.options, joined: joined)
          )
        }
      }
      defer { group.cancelAll() }
      guard let first = try await group.next() else { throw CancellationError() }
      return first
    }
    tickets[room] = match.ticket
    return try await inSession(
      match.session.sessionCode, as: match.role, with: acquaintances[index], index: index, at: relay)
  }

  /// Introduces the board to whoever is in a session.
  ///
  /// - Returns: `nil` where nobody there is the peer.
  static func inSession(
    _ code: String, as role: RelayRole, with acquaintance: Acquaintance, index: Int, at relay: RelayAccess,
    within time: Duration = introductionTime
  ) async throws -> Meeting? {
    let link = try await RelayConnection.open(
      endpoint: relay.endpoint, sessionCode: code, role: role, options: relay.options)
    let introduction = try Introduction(acquaintance, sessionID: link.session.sessionID)
    if let packet = try introduction.firstPacket() { try link.send(packet: packet) }
    let transport = try await withThrowingTaskGroup(of: Transport?.self) { group in
      group.addTask {
        for await event in link.events {
          switch event {
          case .packet(let packet):
            // Somebody who is not the peer: nothing that comes later makes up for it.
            guard let (transport, answer) = try? introduction.take(packet) else { return nil }
            if let answer { try link.send(packet: answer) }
            return transport
          case .peerLeft, .peerBye, .closed: return nil
          case .peerJoined, .relayError, .protocolViolation: continue
          }
        }
        return nil
      }
      group.addTask {
        try await Task.sleep(for: time)
        return nil
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
    guard let transport else {
      await link.close()
      return nil
    }
    return Meeting(index: index, link: link, transport: transport)
  }
}
