/// What `GET /session/{code}` shows.
struct SessionSnapshot: Sendable, Equatable {
  var ticket: SessionTicket
  var alicePresent = false
  var bobPresent = false
  var aliceCommitted = false
  var bobCommitted = false
}
