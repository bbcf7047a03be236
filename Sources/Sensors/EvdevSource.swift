internal import Evdev
internal import Platform
import Motion

/// A motion sensor among the input devices of this machine: that of a game controller, or of a handheld.
///
/// The kernel marks such devices with INPUT_PROP_ACCELEROMETER and gives their units by the resolution of their axes
/// (linux/input.h). Nothing about them can be set: rate and ranges are the driver's.
///
/// One stream at a time: a second one fails as busy while the first is consumed, and waits for its end where the first
/// has been stopped already.
public struct EvdevSource: MotionSource {
  /// A path such as `/dev/input/event4`, a device's name as the kernel has it, or `nil` for the only accelerometer.
  public let device: String?

  private let devices: InputDevices
  private let files: InputFiles
  private let patience: Int64
  private let log: @Sendable (String) -> Void
  private let runs = SamplingRuns()
  private let stragglers = SensorThread.Stragglers()

  /// How long opening a device may take, and waiting for the end of a stream that was stopped.
  static let deadline = Duration.seconds(10)

  /// A source; nothing is opened yet.
  ///
  /// - Parameters:
  ///   - device: a path, a name, or `nil` for the only accelerometer among the input devices.
  ///   - log: told what happens along the way that is no error, a sentence each; from any thread.
  public init(device: String? = nil, log: @escaping @Sendable (String) -> Void = { _ in }) {
    self.init(device: device, devices: InputDevices(), log: log)
  }

  init(
    device: String?, devices: InputDevices, files: InputFiles = .system, patience: Int64 = EvdevSampling.patience,
    log: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.patience = patience
    self.device = device
    self.devices = devices
    self.files = files
    self.log = log
  }

  /// Opens the device and tells what it will deliver; see ``MotionSource/describe()``.
  public func describe() async throws(SensorError) -> MotionSourceDescription {
    let (devices, reference) = (devices, device)
    return try await run { () throws(SensorError) in
      try devices.openAccelerometer(reference).motionDescription()
    }
  }

  /// What there is among the input devices, and what would be read; changes nothing.
  ///
  /// - Throws: ``SensorError`` if it takes too long, or the task is cancelled; that nothing can be used is no error here.
  public func survey() async throws(SensorError) -> InputSurvey {
    let (devices, files, reference) = (devices, files, device)
    return try await run { () throws(SensorError) in
      let choice: Result<MotionSourceDescription, SensorError>
      do throws(SensorError) {
        choice = .success(try devices.openAccelerometer(reference).motionDescription())
      } catch { choice = .failure(error) }
      return InputSurvey(devices, files: files, choice: choice)
    }
  }

  private func run<Value: Sendable>(
    _ body: @escaping @Sendable () throws(SensorError) -> Value
  ) async throws(SensorError) -> Value {
    let place = device ?? "input devices"
    let late = SensorError(
      kind: .stalled, operation: "open the input device", subject: place,
      problem: "no end of it within \(Self.deadline.text)",
      remedy: "see the kernel's log (dmesg) for a driver that hangs")
    return try await SensorThread.run(at: place, deadline: Self.deadline, late: late, among: stragglers) {
      do throws(SensorError) { return .success(try body()) } catch { return .failure(error) }
    }
  }

  /// Opens the device and reads it on a thread of its own, which sleeps while the device is silent; see
  /// ``MotionSource/events()``.
  public func events() -> AsyncStream<MotionEvent> {
    stream(began: { _ in nil }, scans: MotionEvent.scans, failed: MotionEvent.failed, ended: .ended)
  }

  /// Reads like ``events()``, and tells first from which device.
  func recordedEvents() -> AsyncStream<InputMotionEvent> {
    stream(
      began: InputMotionEvent.began, scans: InputMotionEvent.scans, failed: InputMotionEvent.failed, ended: .ended)
  }

  private func stream<Event: Sendable>(
    began: @escaping @Sendable (InputDeviceDescription) -> Event?, scans: @escaping @Sendable (Recording) -> Event,
    failed: @escaping @Sendable (SensorError) -> Event, ended: @escaping @Sendable @autoclosure () -> Event
  ) -> AsyncStream<Event> {
    let (devices, reference, patience, log) = (devices, device, patience, log)
    return runs.stream(
      limit: IIOSource.waitingLimit, patience: Self.deadline, place: reference ?? "input devices", failed: failed,
      ended: ended()
    ) { (stop, _, outlet) throws(SensorError) in
      let device = try devices.openAccelerometer(reference)
      if let event = began(device.description) { try outlet.send(event) }
      let signal: PollSignal
      do throws(SystemErrno) { signal = try PollSignal() } catch { throw SensorError(.resourcesExhausted(error)) }
      let token = stop.add { signal.requestStop() }
      defer { stop.remove(token) }
      var sampling = EvdevSampling(device: device, decoder: try device.decoder(), patience: patience, log: log) {
        (recording) throws(SensorError) in try outlet.send(scans(recording))
      }
      signal.run(&sampling)
      if let failure = sampling.failure { throw failure }
    }
  }

  /// Returns once no stream reads the device any more.
  public func settled() async {
    if await runs.settled(within: Self.deadline) { return }
    log("the input device is still read \(Self.deadline.text) after its use: its driver hangs")
  }
}

/// What a device delivers to those who need to know which one it is.
enum InputMotionEvent: Sendable {
  /// What is read; before the first scan.
  case began(InputDeviceDescription)
  case scans(Recording)
  case failed(SensorError)
  case ended
}

extension InputDevices {
  /// Opens a device by path or name, or the only accelerometer there is.
  fileprivate func openAccelerometer(_ reference: String?) throws(SensorError) -> InputDevice {
    do throws(EvdevError) {
      if let reference { return try open(reference) }
      let listing = try list()
      let candidates = listing.devices.filter(\.isAccelerometer)
      if candidates.count == 1, let candidate = candidates.first { return try open(candidate.path) }
      throw candidates.isEmpty
        ? .noSuchDevice(
          "an accelerometer", available: listing.devices.map(\.sensorText), forbidden: listing.forbiddenPaths)
        : .ambiguousName("an accelerometer", paths: candidates.map(\.sensorText))
    } catch { throw SensorError(error) }
  }
}

extension InputDevice {
  fileprivate func decoder() throws(SensorError) -> EvdevDecoder {
    let values: [AbsoluteAxis: Int32]
    do { values = try state().axes } catch { throw SensorError(error) }
    return try EvdevDecoder(description, values: values)
  }

  fileprivate func motionDescription() throws(SensorError) -> MotionSourceDescription {
    let decoder = try EvdevDecoder(description, values: [:])
    var notes: [String] = []
    if !description.hasDeviceTimestamps {
      notes.append("the device has no clock of its own (MSC_TIMESTAMP), so scans have the time at which they arrived")
    }
    let axes = decoder.acceleration.axes + (decoder.angularVelocity?.axes ?? [])
    if axes.contains(where: { (description.axes[$0]?.fuzz ?? 0) > 0 }) {
      notes.append("the kernel smooths the smallest changes of the device's axes (fuzz)")
    }
    return MotionSourceDescription(
      name: description.name.isEmpty ? description.path : description.name, hasAccelerometer: true,
      hasGyroscope: decoder.angularVelocity != nil, accelerationRange: decoder.acceleration.range,
      angularVelocityRange: decoder.angularVelocity?.range, isLive: true, notes: notes)
  }
}
