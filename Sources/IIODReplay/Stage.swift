/// When captures are played.
///
/// A playback belongs to one capture. Opening a buffer starts one, or joins one of that capture in which this device
/// has no open buffer yet: so every client gets the capture from its beginning, and the two devices of a capture that
/// has two run together. A playback ends with its last buffer.
///
/// On its own a playback begins with its first buffer, after the rest that was asked for. Together, all that wait begin
/// at one instant, once every capture has one; until then they rest.
struct Stage: Sendable {
  /// What a capture's time runs by, ns of the monotonic clock.
  struct Playback: Sendable, Equatable {
    let id: Int
    let capture: Int
    /// When its first buffer was opened, from which on it rests.
    let base: Int64
    /// When its recorded time begins; nil while it waits.
    var start: Int64?
    /// Devices with an open buffer.
    var devices: Set<Int>
  }

  /// The periods of a capture as it is played, ns.
  struct Periods: Sendable {
    /// Of its first device, by which the beginning is timed so that rest goes over into motion without a break.
    var lead: Int64
    var longest: Int64
  }

  private let periods: [Periods]
  private let together: Bool
  private let rest: Int64
  private var nextID = 0
  private(set) var playbacks: [Playback] = []

  /// - Parameters:
  ///   - periods: one per capture.
  ///   - together: whether all captures begin at one instant.
  ///   - rest: how long to rest at least before a beginning, ns.
  init(periods: [Periods], together: Bool, rest: Int64) {
    self.periods = periods
    self.together = together
    self.rest = rest
  }

  /// The playback of that number, while it has a buffer.
  subscript(id: Int) -> Playback? { playbacks.first { $0.id == id } }

  /// A buffer was opened.
  ///
  /// - Returns: its playback, and those that begin by this.
  mutating func open(capture: Int, device: Int, at now: Int64) -> (id: Int, begun: [Playback]) {
    if let index = playbacks.lastIndex(where: { $0.capture == capture && !$0.devices.contains(device) }) {
      playbacks[index].devices.insert(device)
      return (playbacks[index].id, [])
    }
    let id = nextID
    nextID += 1
    playbacks.append(Playback(id: id, capture: capture, base: now, start: nil, devices: [device]))
    return (id, begin(at: now))
  }

  /// A buffer was closed.
  mutating func close(_ id: Int, device: Int) {
    guard let index = playbacks.firstIndex(where: { $0.id == id }) else { return }
    playbacks[index].devices.remove(device)
    if playbacks[index].devices.isEmpty { playbacks.remove(at: index) }
  }

  private mutating func begin(at now: Int64) -> [Playback] {
    let waiting = playbacks.indices.filter { playbacks[$0].start == nil }
    if together, Set(waiting.map { playbacks[$0].capture }).count < periods.count { return [] }
    // Late enough that no scan of rest that was delivered lies behind it.
    let lead = together ? (waiting.map { periods[playbacks[$0].capture].longest }.max() ?? 0) : 0
    let instant = now + rest + lead
    for index in waiting {
      let period = periods[playbacks[index].capture].lead
      let base = playbacks[index].base
      playbacks[index].start = base + (instant - base + period - 1) / period * period
    }
    return waiting.map { playbacks[$0] }
  }
}
