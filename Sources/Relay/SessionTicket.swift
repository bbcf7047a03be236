/// What is fixed about a session when it is created, and told to its clients.
struct SessionTicket: Sendable, Equatable {
  let code: SessionCode
  /// Sixteen random bytes that identify the session to its clients; unlike the code they open nothing.
  let identifier: [UInt8]
  let created: RelayInstant
  let expires: RelayInstant

  /// The identifier as clients get it.
  var identifierBase64: String { Base64.encode(identifier) }
}
