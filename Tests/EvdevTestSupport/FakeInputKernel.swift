import Platform
import Evdev

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A kernel with the devices of a test: descriptors are socket pairs, and what a device reports is bytes sent
/// into them.
package final class FakeInputKernel: InputKernel {
  /// A device of the test.
  package struct Device: Sendable {
    package var name: String
    package var physicalPath: String? = "test/input0"
    package var isAccelerometer = false
    package var keys: [UInt16] = []
    package var axes: [AbsoluteAxis: AbsoluteAxisState] = [:]
    package var hasDeviceTimestamps = false
    package var keysDown: [UInt16] = []
    package var openError: SystemErrno?
    package var errors: [InputQuery: SystemErrno] = [:]
    package var axisError: SystemErrno?
    package var clockError: SystemErrno?

    package init(name: String) { self.name = name }
  }

  private struct State {
    var devices: [String: Device] = [:]
    var extraNames: [String] = []
    var listError: SystemErrno?
    var open: [Int32: (path: String, writeEnd: Int32)] = [:]
    var monotonic: Set<Int32> = []
  }

  private let state = Locked(State())
  private let keyQuestions = AsyncStream<Void>.makeStream()
  private let axisQuestions = AsyncStream<Void>.makeStream()

  package init(_ devices: [String: Device] = [:], extraNames: [String] = [], listError: SystemErrno? = nil) {
    state.withLock {
      $0.devices = devices
      $0.extraNames = extraNames
      $0.listError = listError
    }
  }

  deinit { state.withLock { $0.open.values.forEach { close($0.writeEnd) } } }

  /// Changes a device: its answers from now on.
  package func update(_ path: String, _ change: (inout Device) -> Void) {
    state.withLock { if var device = $0.devices[path] { change(&device); $0.devices[path] = device } }
  }

  /// Writes bytes to every reader of a device.
  package func send(_ bytes: [UInt8], to path: String) {
    for end in writeEnds(of: path) { _ = Self.deliver(bytes, to: end) }
  }

  /// Writes events to every reader of a device.
  package func send(_ events: [InputEvent], to path: String) { send(events.flatMap(\.bytes), to: path) }

  /// Lets every reader of a device see its end.
  package func disconnect(_ path: String) {
    let ends = writeEnds(of: path)
    state.withLock { state in state.open = state.open.filter { $0.value.path != path } }
    ends.forEach { close($0) }
  }

  /// Waits until somebody has asked which keys are down.
  package func waitForKeyQuestion() async {
    for await _ in keyQuestions.stream { return }
  }

  /// Waits until questions about axes have been asked: one for each axis in a description, and in a state.
  package func waitForAxisQuestions(_ count: Int) async {
    var left = count
    for await _ in axisQuestions.stream {
      left -= 1
      if left == 0 { return }
    }
  }

  /// How many descriptors were set to CLOCK_MONOTONIC.
  package var monotonicDescriptors: Int { state.withLock { $0.monotonic.count } }

  private func writeEnds(of path: String) -> [Int32] {
    state.withLock { $0.open.values.filter { $0.path == path }.map(\.writeEnd) }
  }

  private func device(_ descriptor: Int32) throws(SystemErrno) -> Device {
    let device = state.withLock { state in state.open[descriptor].flatMap { state.devices[$0.path] } }
    guard let device else { throw SystemErrno(code: ENODEV) }
    return device
  }

  package func nodeNames() throws(SystemErrno) -> [String] {
    if let error = state.withLock({ $0.listError }) { throw error }
    return state.withLock { state in
      state.devices.keys.map { String($0.split(separator: "/").last ?? "") } + state.extraNames
    }
  }

  package func open(_ path: String) throws(SystemErrno) -> Int32 {
    guard let device = state.withLock({ $0.devices[path] }) else { throw SystemErrno(code: ENOENT) }
    if let error = device.openError { throw error }
    var ends: [Int32] = [-1, -1]
    #if canImport(Glibc)
      let type = Int32(SOCK_STREAM.rawValue)
    #else
      let type = SOCK_STREAM
    #endif
    // Sockets rather than pipes: a late write after the reader has gone must not raise SIGPIPE in the test.
    if socketpair(AF_UNIX, type, 0, &ends) < 0 { throw SystemErrno(code: errno) }
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    let (readEnd, writeEnd) = (ends[0], ends[1])
    let stale = state.withLock { state in
      defer { state.open[readEnd] = (path, writeEnd) }
      return state.open[readEnd]?.writeEnd
    }
    // The reader before closed its end, and the number was given out again.
    if let stale { close(stale) }
    return readEnd
  }

  package func ask(_ query: InputQuery, of descriptor: Int32) throws(SystemErrno) -> [UInt8] {
    let device = try device(descriptor)
    if let error = device.errors[query] { throw error }
    switch query {
    case .name: return Array(device.name.utf8) + [0]
    case .physicalPath:
      guard let path = device.physicalPath else { throw SystemErrno(code: ENOENT) }
      return Array(path.utf8) + [0]
    case .properties: return Self.bits(device.isAccelerometer ? [6] : [], bytes: 8)
    case .eventBits(type: 0):
      return Self.bits(
        [0] + (device.keys.isEmpty ? [] : [1]) + (device.axes.isEmpty ? [] : [3])
          + (device.hasDeviceTimestamps ? [4] : []), bytes: 8)
    case .eventBits(type: 1): return Self.bits(device.keys, bytes: 96)
    case .eventBits(type: 3): return Self.bits(device.axes.keys.map(\.code), bytes: 8)
    case .eventBits(type: 4): return Self.bits(device.hasDeviceTimestamps ? [5] : [], bytes: 8)
    case .eventBits: return []
    case .keyState:
      keyQuestions.continuation.yield()
      return Self.bits(device.keysDown, bytes: 96)
    }
  }

  package func axis(_ axis: AbsoluteAxis, of descriptor: Int32) throws(SystemErrno) -> AbsoluteAxisState {
    let device = try device(descriptor)
    if let error = device.axisError { throw error }
    guard let state = device.axes[axis] else { throw SystemErrno(code: EINVAL) }
    axisQuestions.continuation.yield()
    return state
  }

  package func useMonotonicClock(_ descriptor: Int32) throws(SystemErrno) {
    if let error = try device(descriptor).clockError { throw error }
    state.withLock { _ = $0.monotonic.insert(descriptor) }
  }

  private static func deliver(_ bytes: [UInt8], to end: Int32) -> Int {
    #if canImport(Glibc)
      Glibc.send(end, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    #else
      Musl.send(end, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    #endif
  }

  private static func bits(_ numbers: [UInt16], bytes: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: bytes)
    for number in numbers { result[Int(number) / 8] |= 1 << (number % 8) }
    return result
  }
}
