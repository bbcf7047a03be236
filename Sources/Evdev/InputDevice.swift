internal import Platform

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What an input device delivers.
public enum InputDeviceEvent: Sendable, Hashable {
  /// Packets in order; at least one.
  case packets([InputPacket])
  /// Packets were lost here; this is the state of the keys and axes after the loss.
  case resynchronised(InputDeviceState, monotonicNanoseconds: Int64)
  /// The device can no longer be read; the last event.
  case failed(EvdevError)
}

/// An open input device of Linux (evdev; Documentation/input/input.rst).
///
/// Its events are read by one consumer at a time. It stays open until the last reference is gone.
public final class InputDevice: Sendable {
  /// What the device is and can report.
  public let description: InputDeviceDescription
  /// For poll(2).
  package let fileDescriptor: Int32
  private let kernel: any InputKernel
  /// What has been read and not yet made into packets.
  private let unfinished = Locked(Unfinished())

  private struct Unfinished {
    var decoder = EventDecoder()
    var assembler = PacketAssembler()
  }

  /// Opens a device and sets its clock to CLOCK_MONOTONIC.
  ///
  /// - Parameter path: such as `/dev/input/event3` or a link to it.
  public convenience init(path: String) throws(EvdevError) {
    try self.init(path: path, kernel: LinuxInputKernel())
  }

  package init(path: String, kernel: any InputKernel) throws(EvdevError) {
    let descriptor: Int32
    do { descriptor = try kernel.open(path) } catch {
      throw .cannotOpen(path: path, error)
    }
    do throws(EvdevError) {
      description = try InputDeviceDescription(path: path, descriptor: descriptor, kernel: kernel)
      do { try kernel.useMonotonicClock(descriptor) } catch {
        throw .refused(path: path, operation: "EVIOCSCLOCKID", error)
      }
    } catch {
      close(descriptor)
      throw error
    }
    fileDescriptor = descriptor
    self.kernel = kernel
  }

  deinit { close(fileDescriptor) }

  /// The momentary state of the device's keys and axes.
  public func state() throws(EvdevError) -> InputDeviceState {
    try InputDeviceState(of: description, descriptor: fileDescriptor, kernel: kernel)
  }

  /// Reads what there is, without waiting: at most a few hundred events, so that a device that floods its reader does
  /// not keep it from everything else. An empty result means that there is nothing now.
  ///
  /// For one thread at a time.
  package func readAvailable() throws(EvdevError) -> [InputDeviceEvent] {
    var bytes = [UInt8](repeating: 0, count: 256 * EventDecoder.eventSize)
    let count = read(fileDescriptor, &bytes, bytes.count)
    if count < 0 {
      switch SystemErrno.current {
      case .tryAgain, .interrupted: return []
      case .noDevice: throw .deviceGone(path: description.path)
      case let error: throw .cannotRead(path: description.path, error)
      }
    }
    // The kernel does not return 0 from an input device; a closed pipe does.
    guard count > 0 else { throw .deviceGone(path: description.path) }
    let outputs = unfinished.withLock { unfinished in
      unfinished.decoder.decode(bytes[..<count]).compactMap { unfinished.assembler.add($0) }
    }
    return try events(from: outputs)
  }

  private func events(from outputs: [PacketAssembler.Output]) throws(EvdevError) -> [InputDeviceEvent] {
    var events: [InputDeviceEvent] = []
    var packets: [InputPacket] = []
    // The state is asked for once, after the last loss: packets before it no longer add up to anything.
    let lastLoss = outputs.lastIndex {
      if case .lost = $0 { true } else { false }
    }
    for (index, output) in outputs.enumerated() {
      switch output {
      case .packet(let packet): packets.append(packet)
      case .lost(let time) where index == lastLoss:
        if !packets.isEmpty { events.append(.packets(packets)) }
        packets = []
        events.append(.resynchronised(try state(), monotonicNanoseconds: time))
      case .lost: break
      }
    }
    if !packets.isEmpty { events.append(.packets(packets)) }
    return events
  }
}
