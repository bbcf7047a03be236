internal import CEvdev

/// Bytes in, events out; bytes may arrive cut anywhere.
struct EventDecoder {
  /// The size of `struct input_event` on this architecture.
  static let eventSize = cevdev_event_size()

  /// The beginning of an event whose rest has not come; shorter than ``eventSize``.
  private var remainder: [UInt8] = []

  mutating func decode(_ bytes: ArraySlice<UInt8>) -> [InputEvent] {
    let all = remainder + bytes
    let whole = all.count / Self.eventSize
    remainder = Array(all[(whole * Self.eventSize)...])
    return all.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return [] }
      // The shim reads exactly eventSize bytes, and index < whole keeps them inside the buffer.
      return (0..<whole).map { InputEvent(cevdev_decode_event(base + $0 * Self.eventSize)) }
    }
  }
}

extension InputEvent {
  fileprivate init(_ event: cevdev_event) {
    // No arithmetic on what was read may trap, whatever was read.
    let nanoseconds = event.seconds &* 1_000_000_000 &+ event.microseconds &* 1000
    self.init(type: event.type, code: event.code, value: event.value, monotonicNanoseconds: nanoseconds)
  }
}
