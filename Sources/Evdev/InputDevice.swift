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
  /// After a loss everything that waits is discarded before the state is asked for, as in libevdev: a packet that is
  /// older than the state would undo it, and the kernel takes key events from the queue as it answers EVIOCGKEY, so that
  /// the one that releases a key might never come.
  ///
  /// For one thread at a time.
  package func readAvailable() throws(EvdevError) -> [InputDeviceEvent] {
    var events: [InputDeviceEvent] = []
    var (packets, loss) = try readOnce()
    if let packets, !packets.isEmpty { events.append(.packets(packets)) }
    guard loss != nil else { return events }
    // The kernel's queue holds a few reads at most; a device that fills it faster than this loses packets again.
    for _ in 0..<Self.drainingReads {
      let (rest, again) = try readOnce()
      guard let rest else { break }
      loss = again ?? rest.last?.monotonicNanoseconds ?? loss
    }
    if let loss { events.append(.resynchronised(try state(), monotonicNanoseconds: loss)) }
    return events
  }

  /// The most reads that are discarded after a loss.
  private static let drainingReads = 16

  /// Reads once: the packets before the first loss, nil if there was nothing to read at all; and the time of the latest
  /// packet, if anything was lost.
  private func readOnce() throws(EvdevError) -> (packets: [InputPacket]?, loss: Int64?) {
    var bytes = [UInt8](repeating: 0, count: 256 * EventDecoder.eventSize)
    let count = read(fileDescriptor, &bytes, bytes.count)
    if count < 0 {
      switch SystemErrno.current {
      case .tryAgain, .interrupted: return (nil, nil)
      case .noDevice: throw .deviceGone(path: description.path)
      case let error: throw .cannotRead(path: description.path, error)
      }
    }
    // The kernel does not return 0 from an input device; a closed pipe does.
    guard count > 0 else { throw .deviceGone(path: description.path) }
    let outputs = unfinished.withLock { unfinished in
      unfinished.decoder.decode(bytes[..<count]).compactMap { unfinished.assembler.add($0) }
    }
    var packets: [InputPacket] = []
    var loss: Int64?
    for output in outputs {
      switch output {
      case .packet(let packet) where loss == nil: packets.append(packet)
      case .packet(let packet): loss = packet.monotonicNanoseconds
      case .lost(let time): loss = time
      }
    }
    return (packets, loss)
  }
}
