internal import Evdev
internal import Platform
import Motion

/// Reads an accelerometer among the input devices until it is stopped, and hands on what it measured.
///
/// The kernel keeps but some eight packets of such a device, so each is read as it comes; scans are handed on in
/// batches.
struct EvdevSampling: PollWork {
  /// Time that a batch may wait for more scans, ns: as long as one of libiio takes, so that as many seconds may wait.
  static let batch: Int64 = 40_000_000
  /// Time without a packet after which a device that has a clock is out of order, ns: it reports the time even at rest.
  static let patience: Int64 = 2_000_000_000

  let device: InputDevice
  private let patience: Int64
  let log: (String) -> Void
  let deliver: (Recording) throws(SensorError) -> Void
  private(set) var failure: SensorError?
  private var decoder: EvdevDecoder
  private var waiting = Recording()
  private var batchDue: Int64 = 0
  private var lastHeard: Int64 = 0

  init(
    device: InputDevice, decoder: EvdevDecoder, patience: Int64 = EvdevSampling.patience,
    log: @escaping (String) -> Void,
    deliver: @escaping (Recording) throws(SensorError) -> Void
  ) {
    self.device = device
    self.decoder = decoder
    self.patience = patience
    self.log = log
    self.deliver = deliver
  }

  var watchedDescriptor: Int32? { device.fileDescriptor }

  mutating func proceed(_ reason: PollReason, now: Int64) -> PollNext {
    do throws(SensorError) {
      switch reason {
      case .started: lastHeard = now
      case .readable: try read(now: now)
      case .deadline, .woken: break
      }
      if !waiting.isEmpty, now >= batchDue { try flush() }
      if !waiting.isEmpty { return .wait(until: batchDue) }
      guard device.description.hasDeviceTimestamps else { return .wait(until: nil) }
      guard now &- lastHeard < patience else { throw stalled }
      return .wait(until: lastHeard &+ patience)
    } catch {
      failure = error
      return .finish
    }
  }

  mutating func end() {
    // Whoever stopped it wants no more; after a failure the scans before it are still good.
    guard failure != nil, !waiting.isEmpty else { return }
    try? flush()
  }

  private mutating func read(now: Int64) throws(SensorError) {
    let events: [InputDeviceEvent]
    do { events = try device.readAvailable() } catch { throw SensorError(error) }
    for event in events {
      lastHeard = now
      switch event {
      case .packets(let packets):
        let recording = decoder.decode(packets)
        if waiting.isEmpty { batchDue = now &+ Self.batch }
        waiting.append(contentsOf: recording)
      case .resynchronised(let state, _):
        log("packets of the device were lost, because this program did not read them in time")
        decoder.resynchronise(state.axes)
      case .failed(let error): throw SensorError(error)
      }
    }
  }

  private mutating func flush() throws(SensorError) {
    let batch = waiting
    waiting = Recording()
    try deliver(batch)
  }

  private var stalled: SensorError {
    SensorError(
      kind: .stalled, operation: "read scans", subject: device.description.sensorText,
      problem: "nothing came for \(Duration.nanoseconds(patience).text)",
      remedy: "wake the controller, charge it, or connect it again")
  }
}
