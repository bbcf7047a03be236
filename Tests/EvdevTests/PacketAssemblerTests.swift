import EvdevTestSupport
import Testing

@testable import Evdev

@Suite("Packets of an input device") struct PacketAssemblerTests {
  private func assemble(_ events: [InputEvent]) -> [PacketAssembler.Output] {
    var assembler = PacketAssembler()
    return events.compactMap { assembler.add($0) }
  }

  @Test("A packet is what stands before SYN_REPORT, and has its time")
  func packet() {
    let events: [InputEvent] = [.axis(.x, 1, at: 5000), .axis(.y, 2, at: 5000), .report(at: 6000), .report(at: 7000)]
    #expect(
      assemble(events) == [
        .packet(InputPacket(events: Array(events[..<2]), monotonicNanoseconds: 6000)),
        .packet(InputPacket(events: [], monotonicNanoseconds: 7000)),
      ])
  }

  @Test("After SYN_DROPPED everything up to the next SYN_REPORT is discarded, and the loss reported once")
  func dropped() {
    let kept = InputPacket(events: [.axis(.x, 9, at: 4000)], monotonicNanoseconds: 4000)
    let events: [InputEvent] = [
      .axis(.x, 1), .dropped(), .axis(.x, 2), .dropped(), .key(30, 1), .report(at: 3000),
      .axis(.x, 9, at: 4000), .report(at: 4000),
    ]
    #expect(assemble(events) == [.lost(monotonicNanoseconds: 3000), .packet(kept)])
  }

  @Test("SYN_CONFIG and SYN_MT_REPORT do not end a packet")
  func otherMarkers() {
    let config = InputEvent(type: 0, code: 1, value: 0, monotonicNanoseconds: 0)
    let touch = InputEvent(type: 0, code: 2, value: 0, monotonicNanoseconds: 0)
    #expect(
      assemble([.axis(.x, 1), config, touch, .axis(.y, 2), .report()]) == [
        .packet(InputPacket(events: [.axis(.x, 1), .axis(.y, 2)], monotonicNanoseconds: 0))
      ])
  }

  @Test("A stream without SYN_REPORT is not kept for ever; it counts as a loss")
  func endless() {
    var assembler = PacketAssembler()
    for value in 0..<Int32(3 * PacketAssembler.maximumEvents) {
      #expect(assembler.add(.axis(.x, value)) == nil)
    }
    #expect(assembler.add(.report(at: 8)) == .lost(monotonicNanoseconds: 8))
  }

  @Test("The device's own clock is the packet's last MSC_TIMESTAMP, unsigned")
  func deviceClock() {
    let packet = InputPacket(events: [.deviceTime(7), .deviceTime(0xFFFF_FFF0)], monotonicNanoseconds: 0)
    #expect(packet.deviceMicroseconds == 0xFFFF_FFF0)
    #expect(InputPacket(events: [.key(5, 1)], monotonicNanoseconds: 0).deviceMicroseconds == nil)
  }
}

@Suite("Bytes of an input device") struct EventDecoderTests {
  @Test("The layout is that of struct input_event here: two longs of time, type, code, value")
  func layout() {
    var decoder = EventDecoder()
    let event = InputEvent(type: 3, code: 0x3F, value: -123_456, monotonicNanoseconds: 98_765_432_101_000)
    #expect(event.bytes.count == EventDecoder.eventSize)
    #expect(decoder.decode(event.bytes[...]) == [event])
  }

  @Test("Bytes may be cut anywhere", arguments: [1, 2, 7, 23, 24, 25, 1000])
  func cut(size: Int) {
    let events = (0..<20).map { InputEvent.axis(.z, $0 - 10, at: Int64($0) * 1_234_567_000) }
    let bytes = events.flatMap(\.bytes)
    var decoder = EventDecoder()
    var decoded: [InputEvent] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      decoded += decoder.decode(bytes[start..<min(start + size, bytes.count)])
    }
    #expect(decoded == events)
  }

  @Test("Bytes that no kernel writes make events, not a trap")
  func garbage() {
    var decoder = EventDecoder()
    let events = decoder.decode([UInt8](repeating: 0xFF, count: 3 * EventDecoder.eventSize + 5)[...])
    #expect(events.count == 3)
    #expect(events.allSatisfy { $0.type == 0xFFFF && $0.code == 0xFFFF && $0.value == -1 })
    var other = EventDecoder()
    #expect(other.decode([UInt8](repeating: 0x7F, count: EventDecoder.eventSize)[...]).count == 1)
  }
}
