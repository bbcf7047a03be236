import Platform
import Dispatch
import Glibc

@testable import Motion
@testable import Sensors

/// A libiio that lives in memory: devices by their XML, attributes by their path, scans by a script.
final class FakeIIO: IIOBackend {
  struct State {
    var xml: String
    var attributes: [String: String] = [:]
    var triggers: [String: IIOTrigger] = [:]
    var bufferStates: [String: IIOBufferState] = [:]
    /// Error numbers by "read PATH", "write PATH", "open URI", "buffer DEVICE", "trigger DEVICE".
    var failures: [String: Int32] = [:]
    /// What reads of a device's buffer return, in turn; when it runs out they wait for `cancel`.
    var script: [String: [Result<[UInt8], IIOFailure>]] = [:]
    var scanSize: Int?
    /// What was called, in order: "write PATH VALUE", "trigger DEVICE ID", "open buffer DEVICE …", "close buffer DEVICE".
    var calls: [String] = []
    var openBuffers: Set<String> = []
    var contexts = 0
  }

  let state: Locked<State>

  init(_ xml: String, attributes: [String: String] = [:]) {
    state = Locked(State(xml: xml, attributes: attributes))
  }

  var calls: [String] { state.withLock { $0.calls } }
  var writes: [String] { calls.filter { $0.hasPrefix("write ") || $0.hasPrefix("trigger ") } }
  func value(_ path: String) -> String? { state.withLock { $0.attributes[path] } }
  /// Whether nothing is left of any use: no context, no buffer.
  var isAtRest: Bool { state.withLock { $0.contexts == 0 && $0.openBuffers.isEmpty } }

  func fail(_ call: String, _ code: Int32) { state.withLock { $0.failures[call] = code } }
  func scans(_ device: String, _ batches: [[UInt8]]) {
    state.withLock { $0.script[device, default: []] += batches.map { .success($0) } }
  }
  func failRead(_ device: String, _ code: Int32) {
    let failure = IIOFailure(operation: .readBuffer, subject: device, code: code)
    state.withLock { $0.script[device, default: []].append(.failure(failure)) }
  }

  func open(uri: String) throws(IIOFailure) -> any IIOContextAccess {
    try check("open \(uri)", .openContext, uri)
    return FakeContext(self)
  }

  fileprivate func check(_ call: String, _ operation: IIOFailure.Operation, _ subject: String) throws(IIOFailure) {
    if let code = state.withLock({ $0.failures[call] }) {
      throw IIOFailure(operation: operation, subject: subject, code: code)
    }
  }
}

private final class FakeContext: IIOContextAccess {
  let fake: FakeIIO

  init(_ fake: FakeIIO) {
    self.fake = fake
    fake.state.withLock { $0.contexts += 1 }
  }
  deinit { fake.state.withLock { $0.contexts -= 1 } }

  var xml: [UInt8] { Array(fake.state.withLock { $0.xml }.utf8) }
  func setTimeout(milliseconds: Int) throws(IIOFailure) {
    fake.state.withLock { $0.calls.append("timeout \(milliseconds)") }
  }

  func read(_ attribute: IIOAttribute) throws(IIOFailure) -> String {
    try fake.check("read \(attribute.path)", .readAttribute, attribute.path)
    guard let value = fake.value(attribute.path) else {
      throw IIOFailure(operation: .readAttribute, subject: attribute.path, code: ENOENT)
    }
    return value
  }

  func write(_ value: String, to attribute: IIOAttribute) throws(IIOFailure) {
    try fake.check("write \(attribute.path)", .writeAttribute(value: value), attribute.path)
    fake.state.withLock { state in
      state.calls.append("write \(attribute.path) \(value)")
      state.attributes[attribute.path] = value
    }
  }

  func trigger(of device: String) throws(IIOFailure) -> IIOTrigger {
    fake.state.withLock { $0.triggers[device] ?? .notSupported }
  }

  func setTrigger(_ trigger: String?, of device: String) throws(IIOFailure) {
    try fake.check("trigger \(device)", .setTrigger, device)
    fake.state.withLock { state in
      state.calls.append("trigger \(device) \(trigger ?? "none")")
      state.triggers[device] = trigger.map { .device($0) } ?? IIOTrigger.none
    }
  }

  func bufferState(of device: String) throws(IIOFailure) -> IIOBufferState {
    fake.state.withLock { $0.bufferStates[device] ?? .free }
  }

  func openBuffer(
    device: String, channels: [String], scans: Int, kernelBuffers: Int
  ) throws(IIOFailure) -> any IIOBufferAccess {
    try fake.check("buffer \(device)", .openBuffer, device)
    fake.state.withLock { state in
      state.calls.append("open buffer \(device) \(channels.joined(separator: ",")) \(scans)")
      state.openBuffers.insert(device)
      // libiio sets these two on its way.
      for (name, value) in [("length", "400"), ("watermark", "8")]
      where state.attributes["\(device)/buffer/\(name)"] != nil { state.attributes["\(device)/buffer/\(name)"] = value }
    }
    return FakeBuffer(fake, device)
  }
}

private final class FakeBuffer: IIOBufferAccess {
  let fake: FakeIIO
  let device: String
  private let cancelled = DispatchSemaphore(value: 0)

  init(_ fake: FakeIIO, _ device: String) {
    self.fake = fake
    self.device = device
  }

  var scanSize: Int { fake.state.withLock { $0.scanSize ?? Scan.size } }
  var cancel: @Sendable () -> Void { { [cancelled] in cancelled.signal() } }

  func read() throws(IIOFailure) -> [UInt8] {
    let next: Result<[UInt8], IIOFailure>? = fake.state.withLock { state in
      guard let script = state.script[device], let first = script.first else { return nil }
      state.script[device] = Array(script.dropFirst())
      return first
    }
    if let next { return try next.get() }
    cancelled.wait()
    throw IIOFailure(operation: .readBuffer, subject: device, code: EBADF)
  }

  func close() {
    fake.state.withLock { state in
      state.calls.append("close buffer \(device)")
      state.openBuffers.remove(device)
    }
  }
}

/// A scan of an MPU-6050 with accelerometer, gyroscope and time stamp.
struct Scan {
  static let size = 24
  var acceleration = SIMD3<Int16>(0, 0, 4096)
  var angularVelocity = SIMD3<Int16>()
  var time: Int64

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for vector in [acceleration, angularVelocity] {
      for axis in 0..<3 {
        let word = UInt16(bitPattern: vector[axis])
        bytes += [UInt8(word >> 8), UInt8(word & 0xFF)]
      }
    }
    bytes += [0, 0, 0, 0]
    return bytes + littleEndian(UInt64(bitPattern: time))
  }

  /// Scans at 200 Hz from a number on.
  static func run(_ range: Range<Int>) -> [UInt8] {
    range.flatMap { Scan(acceleration: SIMD3(Int16($0), 0, 4096), time: Int64($0) * 5_000_000 + 1_000_000_000).bytes }
  }
}

func littleEndian(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
