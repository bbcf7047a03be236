import Evdev

extension InputEvent {
  /// A key that went down (1), up (0) or repeats (2).
  package static func key(_ code: UInt16, _ value: Int32, at time: Int64 = 0) -> InputEvent {
    InputEvent(type: 1, code: code, value: value, monotonicNanoseconds: time)
  }

  /// A new value of an axis.
  package static func axis(_ axis: AbsoluteAxis, _ value: Int32, at time: Int64 = 0) -> InputEvent {
    InputEvent(type: 3, code: axis.code, value: value, monotonicNanoseconds: time)
  }

  /// MSC_TIMESTAMP.
  package static func deviceTime(_ microseconds: UInt32, at time: Int64 = 0) -> InputEvent {
    InputEvent(type: 4, code: 5, value: Int32(bitPattern: microseconds), monotonicNanoseconds: time)
  }

  /// SYN_REPORT.
  package static func report(at time: Int64 = 0) -> InputEvent {
    InputEvent(type: 0, code: 0, value: 0, monotonicNanoseconds: time)
  }

  /// SYN_DROPPED.
  package static func dropped(at time: Int64 = 0) -> InputEvent {
    InputEvent(type: 0, code: 3, value: 0, monotonicNanoseconds: time)
  }

  /// The event as the kernel writes it: two `unsigned long` of time, then type, code and value (linux/input.h).
  package var bytes: [UInt8] {
    func raw(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    let microseconds = monotonicNanoseconds / 1000
    return raw(Int(microseconds / 1_000_000)) + raw(Int(microseconds % 1_000_000)) + raw(type) + raw(code) + raw(value)
  }
}
