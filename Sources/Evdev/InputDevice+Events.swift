internal import Platform

extension InputDevice {
  /// Batches that may wait for the consumer before some are dropped and reported as lost.
  static let queueLength = 512

  /// Reads the device on a thread of its own, which sleeps while the device is silent.
  ///
  /// The stream ends after ``InputDeviceEvent/failed(_:)``, or when its consumer is cancelled or drops it; the reading
  /// stops at once then. A consumer that falls behind gets ``InputDeviceEvent/resynchronised(_:monotonicNanoseconds:)``
  /// in the place of what it missed.
  public func events() -> AsyncStream<InputDeviceEvent> {
    AsyncStream(bufferingPolicy: .bufferingOldest(Self.queueLength)) { continuation in
      do throws(SystemErrno) {
        let thread = try PollThread(name: "tacc-evdev") { [self] in
          InputReading(device: self) { event in
            if case .dropped = continuation.yield(event) { false } else { true }
          } finish: {
            continuation.finish()
          }
        }
        continuation.onTermination = { _ in thread.requestStop() }
      } catch {
        continuation.yield(.failed(.resourcesExhausted(error)))
        continuation.finish()
      }
    }
  }
}

/// Reads a device and passes its events on.
struct InputReading: PollWork {
  let device: InputDevice
  /// Returns `false` if there was no room for the event.
  let deliver: (InputDeviceEvent) -> Bool
  let finish: () -> Void
  /// Time after which a consumer that was behind is told again, ns.
  static let retry: Int64 = 100_000_000
  /// Whether the consumer missed something, and does not know yet.
  private var owesState = false

  init(device: InputDevice, deliver: @escaping (InputDeviceEvent) -> Bool, finish: @escaping () -> Void) {
    self.device = device
    self.deliver = deliver
    self.finish = finish
  }

  var watchedDescriptor: Int32? { device.fileDescriptor }

  mutating func proceed(_ reason: PollReason, now: Int64) -> PollNext {
    do {
      if reason == .readable {
        // What comes after something was missed, and before the state is asked for, is part of that state: told after it,
        // it would undo what is newer.
        for event in try device.readAvailable() where !owesState { owesState = !deliver(event) }
      }
      if owesState { owesState = !deliver(.resynchronised(try device.state(), monotonicNanoseconds: now)) }
      // The device may be silent from now on, a key down for ever to those who missed that it was released.
      return .wait(until: owesState ? now &+ Self.retry : nil)
    } catch {
      // With a full queue the end of the stream must do for a message.
      _ = deliver(.failed(error))
      return .finish
    }
  }

  mutating func end() { finish() }
}
