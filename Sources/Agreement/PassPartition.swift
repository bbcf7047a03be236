/// What one pass knows: its permutation, cut into ranges whose parity difference between the two sides is known.
///
/// Only the finest known ranges (leaves) are kept. A coarser one follows from them, so every parity ever learned, of a
/// top-level block or in a bisection, takes part in all later backtracking, and none is asked for twice.
struct PassPartition: Sendable {
  /// A range of positions with known parity.
  struct Leaf: Sendable {
    /// The first position.
    var start: Int
    /// The position after the last one.
    var end: Int
    /// How many bits of the range are not yet known for certain.
    var open: Int
    /// Whether the two sides' parities differ.
    var odd: Bool
  }

  /// The order of the bits in this pass.
  let permutation: Permutation
  /// The ranges, in no particular order.
  private(set) var leaves: [Leaf] = []
  private let positions: [UInt16]
  private var leafOfPosition: [UInt16]

  init(permutation: Permutation) {
    self.permutation = permutation
    positions = permutation.inverse
    leafOfPosition = [UInt16](repeating: 0, count: permutation.count)
  }

  /// The index of the leaf that holds a bit.
  func leaf(ofBit bit: Int) -> Int { Int(leafOfPosition[Int(positions[bit])]) }

  /// Adds a range: a block, or a part of a leaf that was or will be shrunk to its first part.
  mutating func append(_ leaf: Leaf) {
    let index = UInt16(truncatingIfNeeded: leaves.count)
    for position in leaf.start..<leaf.end { leafOfPosition[position] = index }
    leaves.append(leaf)
  }

  /// Shrinks a leaf to its first part; the other parts are appended.
  mutating func replace(_ index: Int, by firstPart: Leaf) { leaves[index] = firstPart }

  /// Inverts the parity of the leaf that holds a bit, which was corrected.
  mutating func toggle(leaf index: Int) { leaves[index].odd.toggle() }

  /// Notes that one more bit of a leaf is known for certain.
  mutating func close(leaf index: Int) { leaves[index].open -= 1 }
}
