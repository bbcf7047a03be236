/// What one pass knows: its order of the bits, cut into ranges whose parity difference between the two sides is known.
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
    /// The address last asked for in the range or in one that it was part of, by its index in `ParityKnowledge`.
    var address: Int?
  }

  /// The number that the pass has in queries.
  let number: Int
  /// The ranges, in no particular order. Those of a half not yet arranged are the half and the rest.
  private(set) var leaves: [Leaf] = []
  /// The order of the bits; of a half, empty until it is arranged.
  private(set) var permutation: Permutation
  private let half: RandomHalf?
  /// Empty until a half is arranged.
  private var leafOfBit: [UInt16]

  init(number: Int, order: PassOrder) {
    self.number = number
    switch order {
    case .shuffled(let permutation):
      self.permutation = permutation
      half = nil
      leafOfBit = [UInt16](repeating: 0, count: permutation.count)
    case .half(let half):
      permutation = .empty
      self.half = half
      leafOfBit = []
    }
  }

  /// Whether the bits are in order, so that ranges can be looked at.
  var isArranged: Bool { !leafOfBit.isEmpty }

  /// Puts the bits of a half in order.
  mutating func arrange() {
    guard !isArranged, let half else { return }
    permutation = Permutation(half)
    leafOfBit = (0..<half.count).map { half.contains($0) ? 0 : 1 }
  }

  /// The same pass with its bits in order.
  func arranged() -> PassPartition {
    var copy = self
    copy.arrange()
    return copy
  }

  /// The index of the leaf that holds a bit.
  func leaf(ofBit bit: Int) -> Int {
    if isArranged { return Int(leafOfBit[bit]) }
    return half?.contains(bit) == true ? 0 : 1
  }

  /// How many leaves are odd.
  private(set) var oddLeaves = 0

  /// Whether the half of a pass of halves is odd.
  var halfIsOdd: Bool {
    guard let half else { return false }
    return leaves.reduce(false) { $0 != ($1.odd && $1.start < half.taken) }
  }

  /// Sets the flag of this number for the bits of the half.
  func mark(_ number: UInt32, in signatures: inout [UInt32]) {
    guard let half else { return }
    signatures.withUnsafeMutableBufferPointer { signatures in
      for (index, word) in half.words.enumerated() {
        for offset in 0..<min(64, half.count - index * 64) {
          signatures[index * 64 + offset] |= UInt32(truncatingIfNeeded: word >> UInt64(offset) & 1) << number
        }
      }
    }
  }

  /// Adds a range: a block, or a part of a leaf that was or will be shrunk to its first part.
  mutating func append(_ leaf: Leaf) {
    let index = UInt16(truncatingIfNeeded: leaves.count)
    if isArranged {
      permutation.withElements { order in
        for position in leaf.start..<leaf.end { leafOfBit[Int(order[position])] = index }
      }
    }
    if leaf.odd { oddLeaves += 1 }
    leaves.append(leaf)
  }

  /// Shrinks a leaf to its first part; the other parts are appended.
  mutating func replace(_ index: Int, by firstPart: Leaf) {
    oddLeaves += (firstPart.odd ? 1 : 0) - (leaves[index].odd ? 1 : 0)
    leaves[index] = firstPart
  }

  /// Notes the address asked for in a leaf.
  mutating func setAddress(_ address: Int, ofLeaf index: Int) { leaves[index].address = address }

  /// Notes that one more bit of a leaf is known for certain, and whether it was corrected, which inverts the parity.
  mutating func close(leaf index: Int, corrected: Bool) {
    leaves[index].open -= 1
    guard corrected else { return }
    leaves[index].odd.toggle()
    oddLeaves += leaves[index].odd ? 1 : -1
  }
}
