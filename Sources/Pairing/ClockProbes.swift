/// The offset between the two session clocks, from ping-pong exchanges; the one with the smallest round trip counts.
///
/// It only centres the comparison of the two onsets; nothing of the key depends on it.
struct ClockProbes: Sendable {
  /// How many exchanges Alice makes.
  static let count = 8
  /// The longest round trip that tells the offset well enough, seconds: it is off by at most half of it.
  static let longestRoundTrip = 0.5

  /// Peer's clock minus own, and the round trip, both in seconds.
  private(set) var best: (offset: Double, roundTrip: Double)?

  /// One exchange: sent and received on the own clock, `peerReceived` and `peerSent` on the peer's, ns.
  mutating func add(sent: Int64, peerReceived: Int64, peerSent: Int64, received: Int64) {
    let roundTrip = (Double(received) - Double(sent) - (Double(peerSent) - Double(peerReceived))) * 1e-9
    guard roundTrip >= 0, roundTrip < best?.roundTrip ?? .infinity else { return }
    let offset = (Double(peerReceived) - Double(sent) + (Double(peerSent) - Double(received))) / 2 * 1e-9
    best = (offset, roundTrip)
  }
}
