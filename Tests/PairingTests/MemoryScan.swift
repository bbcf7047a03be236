import Foundation

/// A search through the writable memory of this very process for values that should have been overwritten.
///
/// What is looked for is kept masked, so that the search does not find itself; so must its caller keep it.
struct MemoryScan {
  /// A pattern that no value of a test has by chance.
  static let mask: UInt64 = 0x5EC2_E75A_A5C3_3C96

  private var numbers: [UInt64: String] = [:]
  private var words: [UInt64: String] = [:]
  /// Which hashes occur at all: most of memory is passed over by one look.
  private let filter = Filter()

  /// How many different values of each kind are looked for.
  var counts: [String: Int] {
    (Array(numbers.values) + words.values).reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }

  /// Adds masked patterns of numbers of one kind.
  mutating func look(for kind: String, masked patterns: some Sequence<UInt64>) {
    for pattern in patterns {
      numbers[pattern] = kind
      filter.insert(pattern)
    }
  }

  /// Adds masked words of sixty-four bits, the first bit the most significant, as they lie packed eight to a byte or one
  /// to a byte.
  mutating func look(for kind: String, maskedBits patterns: some Sequence<UInt64>) {
    for pattern in patterns {
      words[pattern] = kind
      filter.insert(pattern)
    }
  }

  /// Reads all private writable mappings through /proc/self/mem: a page that another thread gives back meanwhile is an
  /// error of the read, not a crash.
  ///
  /// - Returns: how often each kind was found, every place in memory counted.
  func run() throws -> [String: Int] {
    let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
    let memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC)
    guard memory >= 0 else { throw CocoaError(.fileReadNoPermission) }
    defer { close(memory) }
    let size = 1 << 16
    // With the overlap of a window of sixty-four bytes that begins at the end of a chunk.
    let overlap = 64
    let chunk = UnsafeMutableRawPointer.allocate(byteCount: size + overlap, alignment: 64)
    defer { chunk.deallocate() }
    let own = UInt(bitPattern: chunk)..<UInt(bitPattern: chunk) + UInt(size + overlap)
    let zeros = [UInt8](repeating: 0, count: 4096)
    var findings: [String: Int] = [:]
    for line in maps.split(separator: "\n") {
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard fields[1].hasPrefix("rw"), ends.count == 2, fields.last != "[vvar]" else { continue }
      var place = ends[0]
      while place < ends[1] {
        let wanted = Int(min(UInt(size), ends[1] - place))
        let read = pread(memory, chunk, wanted + overlap, off_t(place))
        if read >= 8 {
          for page in stride(from: 0, to: min(wanted, read), by: 4096) {
            let length = min(4096, min(wanted, read) - page)
            if memcmp(chunk + page, zeros, length) == 0 { continue }
            search(chunk, page..<page + length, available: read, at: place, sparing: own, into: &findings)
          }
        }
        memset(chunk, 0, size + overlap)
        place += UInt(wanted)
      }
    }
    return findings
  }

  private func search(
    _ chunk: UnsafeMutableRawPointer, _ range: Range<Int>, available: Int, at place: UInt, sparing own: Range<UInt>,
    into findings: inout [String: Int]
  ) {
    var offset = range.lowerBound
    while offset < range.upperBound, offset + 8 <= available {
      defer { offset += 4 }
      if own.contains(place + UInt(offset)) { continue }
      let word = chunk.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      if word == 0 { continue }
      let masked = word ^ MemoryScan.mask
      if offset & 7 == 0, filter.contains(masked), let kind = numbers[masked] { findings[kind, default: 0] += 1 }
      let packed = word.byteSwapped ^ MemoryScan.mask
      if filter.contains(packed), let kind = words[packed] { findings[kind, default: 0] += 1 }
      if offset & 7 == 0, word & 0xFEFE_FEFE_FEFE_FEFE == 0, offset + 64 <= available {
        var bits: UInt64 = 0
        for k in 0..<64 { bits = bits << 1 | UInt64((chunk + offset + k).load(as: UInt8.self) & 1) }
        if let kind = words[bits ^ MemoryScan.mask] { findings[kind, default: 0] += 1 }
      }
    }
  }

  /// A bit for every hash, in memory that unoptimised code reads quickly.
  private final class Filter {
    private let seen = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 16)

    init() { seen.initialize(repeating: 0, count: 1 << 16) }
    deinit { seen.deallocate() }

    func insert(_ word: UInt64) { seen[Filter.hash(word)] = 1 }
    @inline(__always) func contains(_ word: UInt64) -> Bool { seen[Filter.hash(word)] != 0 }
    @inline(__always) private static func hash(_ word: UInt64) -> Int {
      Int(truncatingIfNeeded: (word &* 0x9E37_79B9_7F4A_7C15) &>> 48)
    }
  }
}
