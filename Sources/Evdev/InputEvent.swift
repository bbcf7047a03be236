/// One event of an input device: `struct input_event` of linux/input.h.
public struct InputEvent: Sendable, Hashable {
  /// Types of events that are used here (linux/input-event-codes.h, Documentation/input/event-codes.rst).
  public enum Kind {
    /// EV_SYN: markers between packets.
    public static let synchronisation: UInt16 = 0x00
    /// EV_KEY: keys and buttons; value 0 is up, 1 is down, 2 is autorepeat.
    public static let key: UInt16 = 0x01
    /// EV_ABS: absolute axes.
    public static let absolute: UInt16 = 0x03
    /// EV_MSC: what fits nowhere else.
    public static let miscellaneous: UInt16 = 0x04
  }

  /// SYN_REPORT: the packet is complete.
  static let synReport: UInt16 = 0
  /// SYN_DROPPED: the kernel's queue for this reader overflowed.
  static let synDropped: UInt16 = 3
  /// MSC_TIMESTAMP: microseconds of the device's own clock, modulo 2^32.
  static let mscTimestamp: UInt16 = 5

  /// One of ``Kind``, or another that the kernel knows.
  public var type: UInt16
  /// The key, axis or marker; what it means depends on the type.
  public var code: UInt16
  /// The new value.
  public var value: Int32
  /// When the kernel took the event: CLOCK_MONOTONIC, nanoseconds, with microseconds of resolution.
  public var monotonicNanoseconds: Int64

  /// An event from its parts.
  public init(type: UInt16, code: UInt16, value: Int32, monotonicNanoseconds: Int64) {
    self.type = type
    self.code = code
    self.value = value
    self.monotonicNanoseconds = monotonicNanoseconds
  }
}

/// What a device reported at one time: the events up to a SYN_REPORT.
///
/// An axis or key that did not change is not in it: the kernel leaves such events out.
public struct InputPacket: Sendable, Hashable {
  /// The events, without the SYN_REPORT.
  public var events: [InputEvent]
  /// The time of the SYN_REPORT: CLOCK_MONOTONIC, nanoseconds.
  public var monotonicNanoseconds: Int64

  /// A packet from its parts.
  public init(events: [InputEvent], monotonicNanoseconds: Int64) {
    self.events = events
    self.monotonicNanoseconds = monotonicNanoseconds
  }

  /// The microseconds of the device's own clock, modulo 2^32, if the packet carries them (MSC_TIMESTAMP).
  public var deviceMicroseconds: UInt32? {
    events.last { $0.type == InputEvent.Kind.miscellaneous && $0.code == InputEvent.mscTimestamp }
      .map { UInt32(bitPattern: $0.value) }
  }
}
