/// A question for the parity (the exclusive or) of a half-open range of bits in the permuted order of one pass, or of
/// several ranges together: the answer is one bit either way.
public struct ParityQuery: Hashable, Sendable {
  /// The pass, from 0, whose permutation orders the bits.
  public let pass: Int
  /// The first position of the range.
  public let start: Int
  /// The position after the last one.
  public let end: Int
  /// More ranges after it, ascending and apart from each other, whose bits count too.
  public let further: [Range<Int>]

  /// The most queries, and the most ranges, in one message.
  public static let batchLimit = 8192

  /// The most bytes that a batch made by `CascadeCorrector` takes: what a message of 16 KiB holds with room to spare
  /// for framing and sealing.
  public static let encodedLimit = 15_360

  /// A query as given: the responder, not this initialiser, judges whether it may be asked.
  public init(pass: Int, start: Int, end: Int, further: [Range<Int>] = []) {
    self.pass = pass
    self.start = start
    self.end = end
    self.further = further
  }

  /// The one of its ranges that starts at a position.
  func part(startingAt position: Int) -> Range<Int>? {
    if start == position { return start..<end }
    var (low, high) = (0, further.count)
    while low < high {
      let middle = (low + high) / 2
      if further[middle].lowerBound < position { low = middle + 1 } else { high = middle }
    }
    return low < further.count && further[low].lowerBound == position ? further[low] : nil
  }
}

extension ParityQuery {
  /// Encodes a batch.
  ///
  /// A batch is a sequence of groups, each `pass, items, item…`. An item is `gap, 2·length` for one range, or
  /// `gap, 2·length + 1, repeats` for a range followed by `repeats` (at least 1) adjoining ranges of the same length; or
  /// `gap, 2·length + 1, 0, more, …` for one query over several ranges, with `gap, length` for each of the `more` ones.
  /// `gap` counts from the end of the previous range of the group, and from 0 in the first item. Numbers are LEB128
  /// (little-endian base 128) in their shortest form. The block parities of a whole pass thus take some seven bytes, and
  /// a range of a bisection three or four.
  ///
  /// A query that no corrector makes (negative, reversed) encodes to bytes that `decode` refuses.
  public static func encode(_ queries: [ParityQuery]) -> [UInt8] {
    var writer = QueryWriter()
    for query in queries { writer.append(query) }
    return writer.finish()
  }

  /// Decodes a batch of 1 to `batchLimit` queries over as many ranges at most, every range non-empty and within the
  /// longest supported string.
  /// Whether pass and range fit the string at hand is for the responder to judge.
  /// - Throws: `CascadeError.malformed`; no bytes can make it trap or allocate more than `batchLimit` queries.
  public static func decode(_ bytes: [UInt8]) throws(CascadeError) -> [ParityQuery] {
    var reader = LEB128Reader(bytes: bytes)
    var queries: [ParityQuery] = []
    var left = batchLimit
    repeat {
      let pass = try reader.next()
      let items = try reader.next()
      guard items > 0 else { throw .malformed(.empty) }
      var cursor = 0
      for _ in 0..<items {
        let first = try reader.nextRange(after: cursor, left: &left) { $0 >> 1 }
        let length = first.range.count
        cursor = first.range.upperBound
        guard first.code & 1 != 0 else {
          queries.append(ParityQuery(pass: pass, start: first.range.lowerBound, end: cursor))
          continue
        }
        let repeats = try reader.next()
        if repeats == 0 {
          var further: [Range<Int>] = []
          for _ in 0..<(try reader.next()) {
            let range = try reader.nextRange(after: cursor, left: &left) { $0 }.range
            guard range.lowerBound > cursor else { throw .malformed(.range) }
            further.append(range)
            cursor = range.upperBound
          }
          guard !further.isEmpty else { throw .malformed(.empty) }
          queries.append(
            ParityQuery(pass: pass, start: first.range.lowerBound, end: first.range.upperBound, further: further))
          continue
        }
        guard repeats <= left else { throw .malformed(.count) }
        guard cursor + length * repeats <= CascadeSchedule.maximumCount else { throw .malformed(.range) }
        left -= repeats
        cursor = first.range.lowerBound
        for _ in 0...repeats {
          queries.append(ParityQuery(pass: pass, start: cursor, end: cursor + length))
          cursor += length
        }
      }
    } while !reader.isAtEnd
    return queries
  }
}

/// Collects queries into groups and runs.
private struct QueryWriter {
  private var bytes: [UInt8] = []
  private var pass: Int?
  private var cursor = 0
  private var items = 0
  private var itemBytes: [UInt8] = []
  private var run: (gap: Int, length: Int, repeats: Int)?

  mutating func append(_ query: ParityQuery) {
    if query.pass != pass || query.start < cursor {
      closeGroup()
      pass = query.pass
    }
    let length = query.end &- query.start
    if !query.further.isEmpty {
      closeRun()
      itemBytes.appendLEB128(query.start &- cursor)
      itemBytes.appendLEB128((length << 1) | 1)
      itemBytes.appendLEB128(0)
      itemBytes.appendLEB128(query.further.count)
      cursor = query.end
      for range in query.further {
        itemBytes.appendLEB128(range.lowerBound &- cursor)
        itemBytes.appendLEB128(range.count)
        cursor = range.upperBound
      }
      items += 1
      return
    }
    if let open = run, query.start == cursor, length == open.length {
      run = (open.gap, open.length, open.repeats + 1)
    } else {
      closeRun()
      run = (query.start &- cursor, length, 0)
    }
    cursor = query.end
  }

  mutating func finish() -> [UInt8] {
    closeGroup()
    return bytes
  }

  private mutating func closeRun() {
    guard let open = run else { return }
    itemBytes.appendLEB128(open.gap)
    itemBytes.appendLEB128((open.length << 1) | (open.repeats > 0 ? 1 : 0))
    if open.repeats > 0 { itemBytes.appendLEB128(open.repeats) }
    items += 1
    run = nil
  }

  private mutating func closeGroup() {
    closeRun()
    if let pass {
      bytes.appendLEB128(pass)
      bytes.appendLEB128(items)
      bytes += itemBytes
    }
    itemBytes = []
    items = 0
    cursor = 0
  }
}

extension [UInt8] {
  fileprivate mutating func appendLEB128(_ value: Int) {
    var rest = UInt(bitPattern: value)
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }
}

/// Reads numbers of up to 21 bits, so that no sum or product made of them comes near overflow.
private struct LEB128Reader {
  let bytes: [UInt8]
  private var offset = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { offset == bytes.count }

  /// A gap and a code that holds a length, as a range after `cursor` that counts against `left`.
  mutating func nextRange(
    after cursor: Int, left: inout Int, length: (Int) -> Int
  ) throws(CascadeError) -> (range: Range<Int>, code: Int) {
    let start = cursor + (try next())
    let code = try next()
    let length = length(code)
    guard length > 0 else { throw .malformed(.empty) }
    guard start + length <= CascadeSchedule.maximumCount else { throw .malformed(.range) }
    guard left > 0 else { throw .malformed(.count) }
    left -= 1
    return (start..<start + length, code)
  }

  mutating func next() throws(CascadeError) -> Int {
    var value = 0
    for shift in [0, 7, 14] {
      guard offset < bytes.count else { throw .malformed(.truncated) }
      let byte = bytes[offset]
      offset += 1
      value |= Int(byte & 0x7F) << shift
      if byte & 0x80 == 0 {
        guard byte != 0 || shift == 0 else { throw .malformed(.number) }
        return value
      }
    }
    throw .malformed(.number)
  }
}
