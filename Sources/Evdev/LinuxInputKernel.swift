internal import CEvdev
package import Platform

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The kernel of this machine.
package struct LinuxInputKernel: InputKernel {
  static let directory = "/dev/input"

  /// Longer than any answer: 0x300 keys are 96 bytes, and names are shorter than 256.
  private static let answerSize = 512

  package init() {}

  package func nodeNames() throws(SystemErrno) -> [String] {
    guard let directory = opendir(Self.directory) else {
      let error = SystemErrno.current
      if error == .noEntry { return [] }
      throw error
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          // d_name is an array that ends in a zero byte.
          $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
            String(cString: $0)
          }
        })
    }
    return names
  }

  package func open(_ path: String) throws(SystemErrno) -> Int32 {
    // The path is the user's: a terminal must not become this process's own.
    let flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY
    #if canImport(Glibc)
      let descriptor = Glibc.open(path, flags)
    #elseif canImport(Musl)
      let descriptor = Musl.open(path, flags)
    #endif
    if descriptor < 0 { throw .current }
    return descriptor
  }

  package func ask(_ query: InputQuery, of descriptor: Int32) throws(SystemErrno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.answerSize)
    let written =
      switch query {
      case .name: cevdev_get_name(descriptor, &bytes, bytes.count)
      case .physicalPath: cevdev_get_physical_path(descriptor, &bytes, bytes.count)
      case .properties: cevdev_get_properties(descriptor, &bytes, bytes.count)
      case .eventBits(let type): cevdev_get_event_bits(descriptor, UInt32(type), &bytes, bytes.count)
      case .keyState: cevdev_get_key_state(descriptor, &bytes, bytes.count)
      }
    if written < 0 { throw .current }
    bytes.removeSubrange(min(Int(written), bytes.count)...)
    return bytes
  }

  package func axis(_ axis: AbsoluteAxis, of descriptor: Int32) throws(SystemErrno) -> AbsoluteAxisState {
    var numbers = [Int32](repeating: 0, count: 6)
    if cevdev_get_axis(descriptor, UInt32(axis.code), &numbers) < 0 { throw .current }
    return AbsoluteAxisState(
      value: numbers[0],
      limits: AbsoluteAxisLimits(
        minimum: numbers[1], maximum: numbers[2], fuzz: numbers[3], resolution: numbers[5]))
  }

  package func useMonotonicClock(_ descriptor: Int32) throws(SystemErrno) {
    if cevdev_use_monotonic_clock(descriptor) < 0 { throw .current }
  }
}
