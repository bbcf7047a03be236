import Agreement

/// One second of mask, as committed to and opened.
///
/// Encoded: a byte that is 1 in the last second and else 0; one bit per cell, most significant first, padded with zeros;
/// and where the mask carries positions, those of the kept cells in order, four bits each, the first in the upper half of
/// a byte, padded with zeros.
struct MaskBody: Equatable {
  /// One per step and channel, step by step: whether this side keeps the cell.
  var kept: [Bool]
  /// Whether this side's burst ended within this second or before.
  var isLast: Bool
  /// In the profile `offset` Alice's positions, one per cell, of no meaning where she does not keep it; else empty.
  var positions: [UInt8] = []

  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.append(UInt8(isLast ? 1 : 0))
    writer.append(BitString(kept).packed())
    let published = zip(positions, kept).filter(\.1).map(\.0)
    for first in stride(from: 0, to: published.count, by: 2) {
      writer.append(published[first] << 4 | (first + 1 < published.count ? published[first + 1] : 0))
    }
    return writer.bytes
  }

  init(kept: [Bool], isLast: Bool, positions: [UInt8] = []) {
    self.kept = kept
    self.isLast = isLast
    self.positions = positions
  }

  /// - Parameters:
  ///   - count: the cells of a second.
  ///   - carriesPositions: whether positions must follow; where not, nothing may.
  init(decoding body: [UInt8], count: Int, carriesPositions: Bool = false) throws(AbortReason) {
    var reader = ByteReader(body)
    let flag = try reader.read(UInt8.self)
    guard flag <= 1 else { throw .malformed("mask flag \(flag)") }
    let packed = try reader.read(carriesPositions ? min((count + 7) / 8, reader.remaining) : reader.remaining)
    guard let bits = BitString(packed: packed, count: count) else {
      throw .malformed("a mask of the wrong length")
    }
    isLast = flag == 1
    kept = (0..<bits.count).map { bits[$0] }
    guard carriesPositions else { return }
    positions = [UInt8](repeating: UInt8(OffsetQuantiser.positions), count: count)
    var half: UInt8?
    for cell in 0..<count where kept[cell] {
      if let lower = half {
        positions[cell] = lower
        half = nil
      } else {
        let byte = try reader.read(UInt8.self)
        positions[cell] = byte >> 4
        half = byte & 15
      }
    }
    guard half ?? 0 == 0 else { throw .malformed("positions with something behind them") }
    try reader.end()
  }
}
