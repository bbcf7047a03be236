import Motion

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Scans of one device.
struct ScanBatch {
  /// Which of the devices of the setup.
  var device: Int
  /// The scans as the kernel wrote them; whole ones, at least one.
  var bytes: [UInt8]
  /// The same scans decoded.
  var recording: Recording
}

/// Enables the buffers of devices that are set up, and reads them until the end.
///
/// Two devices are read by one thread: always the one that is behind by its stamps. So neither's buffer can fill up
/// while the other is waited for, whatever their rates.
struct SamplingLoop {
  let devices: [SampledDevice]
  let isLocal: Bool
  let uri: String
  let log: @Sendable (String) -> Void

  /// Time that one batch covers, seconds.
  static let batchSeconds = 0.04
  /// Time that the kernel holds scans for while nobody reads, seconds.
  static let kernelSeconds = 2.0
  /// How long after being stopped a read of a remote context may still return by itself, microseconds.
  static let remoteGrace: UInt32 = 250_000
  /// Further apart than this the stamps of two devices cannot be of one clock, seconds.
  static let clockTolerance = 5.0

  private final class Reader {
    let index: Int
    let device: SampledDevice
    let buffer: any IIOBufferAccess
    var monitor: ScanMonitor
    var gravity = GravityCheck()
    var isFirst = true

    /// Time that the scans so far cover by their number, seconds.
    var counted: Double { Double(monitor.scans) / (device.rate ?? 25) }

    init(index: Int, device: SampledDevice, buffer: any IIOBufferAccess) {
      self.index = index
      self.device = device
      self.buffer = buffer
      monitor = ScanMonitor(rate: device.rate)
    }
  }

  /// How many scans one read returns: those of 40 ms, one if the rate is low or unknown.
  static func scansPerBatch(rate: Double?) -> Int {
    guard let rate, rate.isFinite else { return 1 }
    // Within bounds before it becomes an integer: the rate is what a sensor, perhaps a remote one, says of itself.
    return Int(max(1, min(1024, (rate * batchSeconds).rounded())))
  }

  /// How many batches the kernel may hold.
  static func kernelBuffers(rate: Double?) -> Int {
    let scans = Double(scansPerBatch(rate: rate))
    let wanted = (kernelSeconds * (rate ?? 25) / scans).rounded(.up)
    return wanted.isFinite ? Int(max(4, min(256, wanted))) : 256
  }

  /// How long a read may take before the sensor counts as stalled, milliseconds: the time of a batch and of twenty
  /// scans more, and a second at least.
  static func stallMilliseconds(rate: Double?) -> Int {
    let period = 1000 / max(0.5, rate ?? 5)
    return Int(min(60_000, max(1000, (Double(scansPerBatch(rate: rate)) + 20) * period)))
  }

  /// How a loop ended that did not fail.
  enum End: Equatable {
    /// It was stopped, or the far side has no more.
    case over
    /// The first stamps of a device are not those of its rate; none of its scans has been delivered.
    case rateContradicted(device: Int)
  }

  /// Samples; `access` is set up.
  ///
  /// - Parameters:
  ///   - doubtsRate: whether to end where the first stamps contradict the rate, rather than to say so.
  ///   - stop: ends it.
  ///   - expect: told before each read how long it may take, all exchanges with a far side together.
  ///   - deliver: given scans; what it throws ends sampling.
  func run(
    _ access: any IIOContextAccess, doubtsRate: Bool, until stop: StopSignal, expecting expect: (Duration) -> Void,
    deliver: (ScanBatch) throws(SensorError) -> Void
  ) throws(SensorError) -> End {
    let stall = devices.map { Self.stallMilliseconds(rate: $0.rate) }.max() ?? 1000
    // A remote context gives the far side half of its deadline.
    let timeout = isLocal ? stall : 2 * stall
    do throws(IIOFailure) {
      try access.setTimeout(milliseconds: timeout)
    } catch {
      throw SensorError(error, uri: uri)
    }
    let patience = Duration.milliseconds(3 * timeout)
    var readers: [Reader] = []
    var tokens: [Int] = []
    var isDoubtful = false
    defer {
      // No waker may run once its buffer is closed.
      for token in tokens { stop.remove(token) }
      for reader in readers { reader.buffer.close() }
      if !isDoubtful { for reader in readers { logSummary(of: reader) } }
    }
    for (index, device) in devices.enumerated() {
      let buffer = try openBuffer(of: device, access)
      readers.append(Reader(index: index, device: device, buffer: buffer))
      tokens.append(stop.add(waker(for: buffer)))
    }
    while !stop.isStopped, let reader = Self.mostBehind(readers) {
      let isFirst = reader.monitor.scans == 0
      let (gaps, missing) = (reader.monitor.gaps, reader.monitor.missing)
      guard let bytes = try read(reader, access, until: stop, { expect(patience) }) else { return .over }
      let recording = try decode(bytes, of: reader)
      if isFirst, reader.monitor.contradictsRate, let rate = reader.device.rate {
        if doubtsRate {
          isDoubtful = true
          return .rateContradicted(device: reader.index)
        }
        log("\(reader.device.device.fileName): its time stamps are not those of \(decimalText(rate)) Hz")
      }
      if gaps == 0, reader.monitor.gaps > 0 {
        let lost = reader.monitor.missing - missing
        log("\(reader.device.device.fileName): \(lost) scans are missing, the first such gap")
      }
      try checkClocks(of: readers)
      try checkRange(of: reader, recording)
      try deliver(ScanBatch(device: reader.index, bytes: bytes, recording: recording))
    }
    return .over
  }

  private func openBuffer(
    of device: SampledDevice, _ access: any IIOContextAccess
  ) throws(SensorError) -> any IIOBufferAccess {
    do throws(IIOFailure) {
      return try access.openBuffer(
        device: device.device.id, channels: device.channels, scans: Self.scansPerBatch(rate: device.rate),
        kernelBuffers: Self.kernelBuffers(rate: device.rate))
    } catch {
      throw SensorError(error, uri: uri)
    }
  }

  /// What ends a read. Over a network it is given the time of a few batches to end by itself: cancelling breaks the
  /// connection off, so that the far side cannot be told that the buffer is no longer needed.
  private func waker(for buffer: any IIOBufferAccess) -> @Sendable () -> Void {
    let cancel = buffer.cancel
    guard !isLocal else { return cancel }
    return {
      let later = { @Sendable in
        usleep(Self.remoteGrace)
        cancel()
      }
      do { try SensorThread.start(later) } catch { cancel() }
    }
  }

  private static func mostBehind(_ readers: [Reader]) -> Reader? {
    guard readers.count > 1 else { return readers.first }
    if let unread = readers.first(where: { $0.monitor.scans == 0 }) { return unread }
    let times = readers.compactMap { $0.monitor.last.map { Double($0) * 1e-9 } }
    if let first = times.min(), let last = times.max(), last - first <= clockTolerance {
      return readers.min { ($0.monitor.last ?? .min) < ($1.monitor.last ?? .min) }
    }
    // A stray stamp must not decide; what was read tells as well, but for drift.
    return readers.min { $0.counted < $1.counted }
  }

  /// The next scans of a device; nil once stopped, or when the far side has no more.
  private func read(
    _ reader: Reader, _ access: any IIOContextAccess, until stop: StopSignal, _ expect: () -> Void
  ) throws(SensorError) -> [UInt8]? {
    while true {
      expect()
      let bytes: [UInt8]
      do throws(IIOFailure) {
        bytes = try reader.buffer.read()
      } catch {
        if stop.isStopped { return nil }
        // A sensor may take its time to wake up, once.
        if error.code == ETIMEDOUT, reader.isFirst {
          reader.isFirst = false
          continue
        }
        var failure = error
        if error.code == ETIMEDOUT, isLocal, Self.isGone(reader, access) { failure.code = ENODEV }
        throw SensorError(failure, uri: uri)
      }
      guard !stop.isStopped, !bytes.isEmpty else { return nil }
      reader.isFirst = false
      return try whole(bytes, of: reader)
    }
  }

  /// Whether the device is no longer there: the kernel lets those wait in vain who were waiting when it went.
  private static func isGone(_ reader: Reader, _ access: any IIOContextAccess) -> Bool {
    do throws(IIOFailure) {
      _ = try access.read(IIOAttribute(device: reader.device.device.id, buffer: "enable"))
      return false
    } catch {
      return error.code == ENOENT || error.code == ENODEV
    }
  }

  private func whole(_ bytes: [UInt8], of reader: Reader) throws(SensorError) -> [UInt8] {
    let expected = reader.device.decoder.layout.scanSize
    let found = reader.buffer.scanSize
    guard found == expected, bytes.count % expected == 0 else {
      throw SensorError(
        kind: .unsuitable, operation: "read scans", subject: SensorError.path(reader.device.device.id, uri: uri),
        problem: "got \(bytes.count) bytes in scans of \(found), expected scans of \(expected) bytes "
          + "(\(reader.device.channels.joined(separator: ", ")))",
        remedy: "another client of the same iiod probably has other channels enabled; end it")
    }
    return bytes
  }

  private func decode(_ bytes: [UInt8], of reader: Reader) throws(SensorError) -> Recording {
    var recording = Recording(nominalRate: reader.device.rate)
    func useless(_ problem: String) -> SensorError {
      SensorError(
        kind: .timestamps, operation: "use its time stamps",
        subject: SensorError.path(reader.device.device.id, uri: uri),
        problem: problem,
        remedy: "set current_timestamp_clock to monotonic, and see whether the driver has a known fault (dmesg)")
    }
    do throws(ScanDecoder.ImplausibleTimestamp) {
      try reader.device.decoder.decode(bytes, into: &recording)
    } catch {
      throw useless("\(error.value) ns is no time, expected nanoseconds within 146 years of zero")
    }
    reader.monitor.watch(recording.timestamps)
    if reader.monitor.isHopeless {
      throw useless("most of the last \(ScanMonitor.window) do not advance")
    }
    return recording
  }

  private func checkClocks(of readers: [Reader]) throws(SensorError) {
    let times = readers.compactMap { $0.monitor.last.map { Double($0) * 1e-9 } }
    // At the beginning only: later, a stray stamp is more likely than a second clock.
    guard times.count == 2, readers.contains(where: { $0.monitor.scans <= ScanMonitor.window }),
      abs(times[0] - times[1]) > Self.clockTolerance
    else { return }
    throw SensorError(
      kind: .timestamps, operation: "merge two devices", subject: uri,
      problem:
        "\(readers.map(\.device.device.fileName).joined(separator: " and ")) stamp \(rounded(abs(times[0] - times[1]))) s "
        + "apart, expected one clock",
      remedy: "set current_timestamp_clock of both to monotonic, or choose one device")
  }

  /// A sensor that was reset without its driver's knowledge (a brownout) measures in a range of its own, and every value
  /// is wrong by a factor of two or more.
  private func checkRange(of reader: Reader, _ recording: Recording) throws(SensorError) {
    guard let verdict = reader.gravity.watch(recording), verdict.judgement != .plausible else { return }
    let scale = reader.device.accelerationScale
    let place = SensorError.path("\(reader.device.device.id)/\(scale.file)", uri: uri)
    let finding =
      "at rest it measures \(decimalText((verdict.magnitude * 100).rounded() / 100)) m/s², expected \(decimalText(GravityCheck.standard)) (±25 %), "
      + "with a scale of \(scale.value)"
    guard verdict.judgement == .implausible else {
      log("\(place): \(finding): is the sensor calibrated, and its scale the right one?")
      return
    }
    throw SensorError(
      kind: .implausible, operation: "trust what it measures", subject: place,
      problem:
        "sensor range implausible: \(finding); it was probably reset, by its supply or by another program, and its "
        + "driver does not know",
      remedy: "power-cycle the sensor and load its driver again (modprobe -r and modprobe), or start the board again")
  }

  private func logSummary(of reader: Reader) {
    let monitor = reader.monitor
    guard monitor.gaps + monitor.strays > 0 else { return }
    log(
      "\(reader.device.device.fileName): \(monitor.scans) scans, \(monitor.missing) missing in \(monitor.gaps) gaps, "
        + "\(monitor.strays) with a stamp that does not advance")
  }
}
