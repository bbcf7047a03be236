/// Remembers what the tickets given out in rooms stand for.
///
/// Memory is bounded: past `capacity` tickets the oldest is forgotten, and its holder is then matched like a newcomer.
struct TicketBook: Sendable {
  private struct Entry: Sendable {
    let room: RoomName
    let past: PastMatches
    let expires: Int64
  }

  private let lifetime: Int64
  private let capacity: Int
  private var entries: [RoomTicket: Entry] = [:]
  /// Tickets in the order in which they were given out, which is the order in which they expire.
  private var order: [RoomTicket] = []
  private var first = 0

  /// - Parameters:
  ///   - lifetime: Nanoseconds for which a ticket is worth something.
  ///   - capacity: Tickets remembered at the same time.
  init(lifetime: Int64, capacity: Int) {
    self.lifetime = lifetime
    self.capacity = max(1, capacity)
  }

  /// Tickets remembered.
  var count: Int { entries.count }

  /// Gives out a ticket of `room` that stands for `past`.
  mutating func issue(
    in room: RoomName, for past: PastMatches, at now: Int64, using random: inout some RandomNumberGenerator
  ) -> RoomTicket {
    while first < order.count, let oldest = entries[order[first]],
      oldest.expires <= now || entries.count >= capacity
    {
      forgetOldest()
    }
    let ticket = RoomTicket.random(using: &random)
    // One ticket in 2¹²⁸ is drawn twice; keeping the first entry's place in the order then costs nothing.
    if entries.updateValue(Entry(room: room, past: past, expires: now + lifetime), forKey: ticket) == nil {
      order.append(ticket)
    }
    return ticket
  }

  /// What `ticket` stands for in `room`: nothing where it is unknown, expired, or of another room.
  ///
  /// A ticket is not used up, so that an agent whose connection broke while it waited can show it once more.
  func past(of ticket: RoomTicket, in room: RoomName, at now: Int64) -> PastMatches {
    guard let entry = entries[ticket], entry.room == room, now < entry.expires else { return PastMatches() }
    return entry.past
  }

  private mutating func forgetOldest() {
    entries[order[first]] = nil
    first += 1
    if first > 1_024, first > order.count / 2 {
      order.removeFirst(first)
      first = 0
    }
  }
}

/// The matches that an agent had in its window, as far as its tickets tell; the last ``depth`` of them.
///
/// A match has a number that rises and is told to nobody. Two agents were matched with each other exactly if both
/// have one number in common.
struct PastMatches: Sendable, Equatable {
  /// Matches remembered; a window has time for few.
  static let depth = 8

  private var numbers: [UInt64] = []

  init() {}

  /// The number of the last match that both had with each other; `nil` where they had none.
  func last(with other: PastMatches) -> UInt64? {
    numbers.last { other.numbers.contains($0) }
  }

  /// These and one more.
  func adding(_ number: UInt64) -> PastMatches {
    var result = self
    result.numbers = numbers.suffix(Self.depth - 1) + [number]
    return result
  }
}
