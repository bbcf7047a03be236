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
    /// What is to be seen of a device's buffer, look by look; the last of them for ever.
    var looks: [String: [BufferLook]] = [:]
    /// Whether somebody opens a device's buffer between the last look at it and its being switched off.
    var comesBetween = false
    /// Calls that hang until ``FakeIIO/release()``, written as in `failures`, or "write PATH VALUE".
    var hangs: Set<String> = []
    /// Error numbers by "read PATH", "write PATH", "open URI", "buffer DEVICE", "trigger DEVICE".
    var failures: [String: Int32] = [:]
    /// Error numbers of calls that do their work all the same, by "write PATH", "trigger DEVICE".
    var failuresAfterwards: [String: Int32] = [:]
    /// What reads of a device's buffer return, in turn; when it runs out they wait for `cancel`.
    var script: [String: [Result<[UInt8], IIOFailure>]] = [:]
    var scanSize: Int?
    /// What was called, in order: "write PATH VALUE", "trigger DEVICE ID", "open buffer DEVICE …", "close buffer DEVICE".
    var calls: [String] = []
    var openBuffers: Set<String> = []
    var contexts = 0
    /// Contexts that were opened, in all.
    var opened = 0
  }

  let state: Locked<State>
  private let released = DispatchSemaphore(value: 0)
  private let hangs = AsyncStream<String>.makeStream()

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

  /// Lets a call hang from now on.
  func hang(_ call: String) { state.withLock { _ = $0.hangs.insert(call) } }

  /// Returns once a call hangs, with what hangs.
  func waitForHang() async -> String? {
    for await call in hangs.stream { return call }
    return nil
  }

  /// Waits for something that comes by itself.
  func wait(for condition: (State) -> Bool) async {
    while !state.withLock({ condition($0) }) { await Task.yield() }
  }

  /// Lets the calls that hang return, and no further one hang.
  func release(_ count: Int = 1) {
    state.withLock { $0.hangs = [] }
    for _ in 0..<count { released.signal() }
  }

  fileprivate func hangIfAsked(_ call: String) {
    guard state.withLock({ $0.hangs.contains(call) }) else { return }
    hangs.continuation.yield(call)
    released.wait()
  }

  func open(uri: String) throws(IIOFailure) -> any IIOContextAccess {
    try check("open \(uri)", .openContext, uri)
    return FakeContext(self)
  }

  fileprivate func failAfterwards(
    _ call: String, _ operation: IIOFailure.Operation, _ subject: String
  ) throws(IIOFailure) {
    if let code = state.withLock({ $0.failuresAfterwards.removeValue(forKey: call) }) {
      throw IIOFailure(operation: operation, subject: subject, code: code)
    }
  }

  fileprivate func check(_ call: String, _ operation: IIOFailure.Operation, _ subject: String) throws(IIOFailure) {
    hangIfAsked(call)
    if let code = state.withLock({ $0.failures[call] }) {
      throw IIOFailure(operation: operation, subject: subject, code: code)
    }
  }
}

private final class FakeContext: IIOContextAccess {
  let fake: FakeIIO

  init(_ fake: FakeIIO) {
    self.fake = fake
    fake.state.withLock { state in
      state.contexts += 1
      state.opened += 1
    }
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
    fake.hangIfAsked("write \(attribute.path) \(value)")
    fake.state.withLock { state in
      state.calls.append("write \(attribute.path) \(value)")
      state.attributes[attribute.path] = value
    }
    try fake.failAfterwards("write \(attribute.path)", .writeAttribute(value: value), attribute.path)
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
    try fake.failAfterwards("trigger \(device)", .setTrigger, device)
  }

  func look(atBufferOf device: String) throws(IIOFailure) -> BufferLook {
    try fake.check("look \(device)", .openBuffer, device)
    return fake.state.withLock { state in
      guard let looks = state.looks[device], let look = looks.first else { return BufferLook() }
      if looks.count > 1 { state.looks[device] = Array(looks.dropFirst()) }
      return look
    }
  }

  func switchOffBuffer(of device: String) throws(IIOFailure) -> Bool {
    if fake.state.withLock({ $0.comesBetween }) { return false }
    try write("0", to: IIOAttribute(device: device, buffer: "enable"))
    fake.state.withLock { $0.looks[device] = nil }
    return true
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
