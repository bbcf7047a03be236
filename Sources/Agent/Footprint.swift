import Glibc

/// The memory of a process that is about to wait for long.
enum Footprint {
  /// Gives back the pages of code that only starting up or a window needed.
  ///
  /// Code is mapped from files and never written, so the kernel brings back what is used again from its cache. Nothing
  /// else is touched: data that was relocated at start lies in other mappings.
  static func shrink() {
    for range in codeMappings(in: lines(of: "/proc/self/maps")) {
      guard let start = UnsafeMutableRawPointer(bitPattern: range.lowerBound) else { continue }
      // Advice: where it is not taken, nothing is lost.
      madvise(start, Int(range.upperBound - range.lowerBound), Int32(MADV_DONTNEED))
    }
  }

  /// The private mappings of files that may be executed and not written (proc(5)).
  static func codeMappings(in lines: [Substring]) -> [Range<UInt>] {
    lines.compactMap { line in
      let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard fields.count == 6, fields[1] == "r-xp", fields[5].drop(while: { $0 == " " }).hasPrefix("/") else {
        return nil
      }
      let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      return bounds.count == 2 && bounds[0] < bounds[1] ? bounds[0]..<bounds[1] : nil
    }
  }

  private static func lines(of path: String) -> [Substring] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while bytes.count < 1 << 20 {
      let count = read(descriptor, &chunk, chunk.count)
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}
