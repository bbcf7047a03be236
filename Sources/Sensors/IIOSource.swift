import Motion

/// A motion sensor behind libiio: of this machine, of another one that runs iiod, or on USB or a serial line.
///
/// Sampling sets rate, ranges, low-pass, time stamp clock and, where there is none, the device's own trigger, and
/// restores all of them at its end. A process that is killed restores nothing; the next one finds the buffer abandoned,
/// and switches it off.
///
/// One stream at a time: a second one fails as busy while the first is consumed, and waits for its end where the first
/// has been stopped already.
public struct IIOSource: MotionSource {
  /// What is wanted.
  public let settings: IIOSettings

  private let backend: any IIOBackend
  private let clock: SessionClock
  private let log: @Sendable (String) -> Void
  private let runs = SamplingRuns()
  private let stragglers = SensorThread.Stragglers()

  /// How many batches may wait for the consumer, some ten seconds.
  static let waitingLimit = 256

  /// A source; nothing is opened yet.
  ///
  /// - Parameters:
  ///   - settings: what is wanted.
  ///   - log: told what happens along the way that is no error, a sentence each; from any thread.
  public init(_ settings: IIOSettings = IIOSettings(), log: @escaping @Sendable (String) -> Void = { _ in }) {
    self.init(settings, backend: LibIIO(), log: log)
  }

  init(
    _ settings: IIOSettings, backend: any IIOBackend, clock: SessionClock = .system,
    log: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.settings = settings
    self.backend = backend
    self.clock = clock
    self.log = log
  }

  /// Opens the context, chooses, and tells what would be set; see ``MotionSource/describe()``.
  ///
  /// It sets nothing, but switches off a buffer of this machine that a process left on when it died, and says so in the
  /// notes. It takes up to six seconds to tell such a buffer from one that is in use.
  ///
  /// - Throws: ``SensorError``, whose remedy lists what there is where nothing fits; of kind
  ///   ``SensorError/Kind/cancelled`` as soon as the task is cancelled; and where there is no end of it by
  ///   ``IIOSettings/openingTimeout``.
  public func describe() async throws(SensorError) -> MotionSourceDescription {
    let (session, runs) = (session, runs)
    return try await run { () throws(SensorError) in
      try session.describe { runs.isAtRest }
    }
  }

  /// What the context has, and what would be chosen; changes nothing.
  ///
  /// - Throws: ``SensorError`` if the context cannot be opened, as ``describe()`` does; that nothing in it can be used is
  ///   no error here.
  public func survey() async throws(SensorError) -> SensorSurvey {
    let session = session
    return try await run { () throws(SensorError) in try session.survey() }
  }

  private func run<Value: Sendable>(
    _ body: @escaping @Sendable () throws(SensorError) -> Value
  ) async throws(SensorError) -> Value {
    try await SensorThread.run(
      at: settings.uri, deadline: settings.openingTimeout,
      late: session.late("open the context and read what is in it", after: settings.openingTimeout), among: stragglers
    ) {
      do throws(SensorError) { return .success(try body()) } catch { return .failure(error) }
    }
  }

  /// Opens the context, sets the sensor up and samples, on a thread of its own; see ``MotionSource/events()``.
  ///
  /// Where a call to libiio does not return the stream fails without it; see ``IIOSettings/openingTimeout``.
  public func events() -> AsyncStream<MotionEvent> {
    let session = session
    return runs.stream(
      limit: Self.waitingLimit, patience: settings.openingTimeout, place: settings.uri, failed: MotionEvent.failed,
      ended: .ended
    ) { (stop, watchdog, outlet) throws(SensorError) in
      var assembler: MotionAssembler?
      try session.sample(until: stop, expecting: { watchdog.expect(within: $0, else: $1) }) {
        (setup) throws(SensorError) in
        assembler = MotionAssembler(setup, uri: session.settings.uri)
      } deliver: { (batch) throws(SensorError) in
        guard let recording = try assembler?.assemble(batch), !recording.isEmpty else { return }
        try outlet.send(.scans(recording))
      }
    }
  }

  /// Samples like ``events()``, and delivers the scans as the kernel wrote them.
  func rawEvents() -> AsyncStream<RawSensorEvent> {
    let session = session
    return runs.stream(
      limit: Self.waitingLimit, patience: settings.openingTimeout, place: settings.uri, failed: RawSensorEvent.failed,
      ended: .ended
    ) { (stop, watchdog, outlet) throws(SensorError) in
      try session.sample(until: stop, expecting: { watchdog.expect(within: $0, else: $1) }) {
        (setup) throws(SensorError) in
        try outlet.send(.began(setup))
      } deliver: { (batch) throws(SensorError) in
        try outlet.send(.scans(device: batch.device, batch.bytes))
      }
    }
  }

  /// Returns once the sensor is at rest; see ``MotionSource/settled()``. Where a call to libiio hangs that does not come
  /// to pass: it returns after ``IIOSettings/openingTimeout`` then, and the log says so.
  public func settled() async {
    if await runs.settled(within: settings.openingTimeout) { return }
    log(
      "\(settings.uri) is not at rest \(settings.openingTimeout.text) after its use: a call hangs; its settings are put "
        + "back when that returns")
  }

  /// Whether no stream is left that has not ended.
  var isAtRest: Bool { runs.isAtRest }

  private var session: IIOSession { IIOSession(settings: settings, backend: backend, clock: clock, log: log) }
}

/// What sampling delivers to those who keep it as it is.
enum RawSensorEvent: Sendable {
  /// What is sampled; before the first scan.
  case began(SamplingSetup)
  /// Whole scans of one of the devices.
  case scans(device: Int, [UInt8])
  case failed(SensorError)
  case ended
}

/// Makes recordings of the batches of one or two devices.
struct MotionAssembler {
  private let uri: String
  private var merger: StreamMerger?
  private let accelerometer: Int

  init(_ setup: SamplingSetup, uri: String) {
    self.uri = uri
    accelerometer = setup.devices.firstIndex { $0.decoder.hasAccelerometer } ?? 0
    if setup.devices.count == 2 {
      merger = StreamMerger(
        accelerometerRate: setup.devices[accelerometer].rate, gyroscopeRate: setup.devices[1 - accelerometer].rate)
    }
  }

  /// The scans that are complete by now; none while one device waits for the other.
  mutating func assemble(_ batch: ScanBatch) throws(SensorError) -> Recording {
    guard merger != nil else { return batch.recording }
    do throws(StreamMerger.Problem) {
      merger?.append(batch.recording, from: batch.device == accelerometer ? .accelerometer : .gyroscope)
      return try merger?.take() ?? batch.recording
    } catch {
      let seconds =
        switch error {
        case .clocksDiffer(let seconds): seconds
        }
      throw SensorError(
        kind: .timestamps, operation: "merge two devices", subject: uri,
        problem: "their stamps are \(rounded(seconds)) s apart, expected one clock",
        remedy: "set current_timestamp_clock of both to monotonic, or choose one device")
    }
  }
}
