/// Events in, packets out: the rules of Documentation/input/event-codes.rst for SYN_REPORT and SYN_DROPPED.
struct PacketAssembler {
  enum Output: Sendable, Hashable {
    case packet(InputPacket)
    /// Events were lost; those up to the SYN_REPORT at this time were discarded, and whoever keeps the state of keys
    /// and axes must ask the device for it.
    case lost(monotonicNanoseconds: Int64)
  }

  /// More events than any device puts into a packet. A stream without SYN_REPORT is not kept beyond them.
  static let maximumEvents = 4096

  private var events: [InputEvent] = []
  private var isDiscarding = false

  mutating func add(_ event: InputEvent) -> Output? {
    guard event.type == InputEvent.Kind.synchronisation else {
      guard !isDiscarding else { return nil }
      if events.count == Self.maximumEvents {
        discard()
      } else {
        events.append(event)
      }
      return nil
    }
    switch event.code {
    case InputEvent.synDropped:
      discard()
      return nil
    case InputEvent.synReport:
      defer { events.removeAll(keepingCapacity: true) }
      if isDiscarding {
        isDiscarding = false
        return .lost(monotonicNanoseconds: event.monotonicNanoseconds)
      }
      return .packet(InputPacket(events: events, monotonicNanoseconds: event.monotonicNanoseconds))
    default:
      // SYN_CONFIG and SYN_MT_REPORT do not end a packet and say nothing about keys or axes.
      return nil
    }
  }

  private mutating func discard() {
    events.removeAll(keepingCapacity: true)
    isDiscarding = true
  }
}
