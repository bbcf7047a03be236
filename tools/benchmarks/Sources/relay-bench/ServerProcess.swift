import Glibc

/// What the kernel says of the relay's process.
struct ServerProcess {
  let id: Int

  /// Resident memory in kB.
  var residentKB: Int? { field("VmRSS") }

  /// Highest resident memory so far, in kB.
  var peakKB: Int? { field("VmHWM") }

  private func field(_ name: String) -> Int? {
    guard id > 0 else { return nil }
    for line in Self.read("/proc/\(id)/status").split(separator: "\n") where line.hasPrefix("\(name):") {
      return Int(line.drop { !$0.isNumber }.prefix { $0.isNumber })
    }
    return nil
  }

  /// Seconds of processor time so far.
  var processorSeconds: Double? {
    guard id > 0 else { return nil }
    // The name in the second field may contain anything but ends at the last parenthesis.
    let fields = Self.read("/proc/\(id)/stat").split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  private static func read(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[0..<count], as: UTF8.self)
  }
}
