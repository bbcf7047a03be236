import Testing

@testable import Agreement

@Suite struct RandomHalfTests {
  /// Hands out given words.
  private struct Words: RandomNumberGenerator {
    var words: [UInt64]
    mutating func next() -> UInt64 { words.isEmpty ? 0b0110 : words.removeFirst() }
  }

  @Test func takesTheBitsOfTheStream() {
    var words = Words(words: [0x8000_0000_0000_0001, 0xFF])
    let half = RandomHalf(count: 67, using: &words)
    #expect(half.taken == 5)
    #expect((0..<67).filter(half.contains) == [0, 63, 64, 65, 66])
    let order = Permutation(half)
    #expect((0..<67).map { order[$0] } == [0, 63, 64, 65, 66] + Array(1..<63))
  }

  /// Neither none nor all: a range of no bits is no query.
  @Test func drawsAgainWhatIsNoHalf() {
    var words = Words(words: [0, 0b1111, 0b1_0000])
    let half = RandomHalf(count: 4, using: &words)
    #expect((0..<4).filter(half.contains) == [1, 2])
  }

  @Test(arguments: [2, 3, 64, 65, 4096, 65_536])
  func isAPermutation(count: Int) {
    var generator = CascadeTestGenerator(seed: UInt64(count))
    let half = RandomHalf(count: count, using: &generator)
    let order = Permutation(half)
    #expect(Set((0..<count).map { order[$0] }) == Set(0..<count))
    #expect((0..<half.taken).allSatisfy { half.contains(order[$0]) })
    #expect((half.taken..<count).allSatisfy { !half.contains(order[$0]) })
  }
}
