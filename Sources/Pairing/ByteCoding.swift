/// Appends integers (big-endian) and length-prefixed strings to a message.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ raw: [UInt8]) { bytes.append(contentsOf: raw) }

  mutating func append<T: FixedWidthInteger>(_ value: T) {
    for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> T(shift)))
    }
  }

  /// LP(x) = be32(length) ‖ x.
  mutating func appendPrefixed(_ raw: [UInt8]) {
    append(UInt32(raw.count))
    append(raw)
  }
}

/// Reads what `ByteWriter` wrote; every read says what was missing.
struct ByteReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var remaining: Int { bytes.count - position }

  mutating func read(_ count: Int) throws(AbortReason) -> [UInt8] {
    guard count >= 0, count <= remaining else {
      throw .malformed("\(count) bytes expected, \(remaining) left")
    }
    defer { position += count }
    return Array(bytes[position..<(position + count)])
  }

  mutating func read<T: FixedWidthInteger>(_ type: T.Type) throws(AbortReason) -> T {
    var value: T = 0
    for byte in try read(T.bitWidth / 8) { value = value << 8 | T(truncatingIfNeeded: byte) }
    return value
  }

  mutating func readPrefixed(limit: Int) throws(AbortReason) -> [UInt8] {
    let count = Int(try read(UInt32.self))
    guard count <= limit else { throw .malformed("a field of \(count) bytes, at most \(limit) are allowed") }
    return try read(count)
  }

  func end() throws(AbortReason) {
    guard remaining == 0 else { throw .malformed("\(remaining) bytes too many") }
  }
}

func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }

func bigEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  var writer = ByteWriter()
  writer.append(value)
  return writer.bytes
}

func prefixed(_ bytes: [UInt8]) -> [UInt8] { bigEndian(UInt32(bytes.count)) + bytes }
