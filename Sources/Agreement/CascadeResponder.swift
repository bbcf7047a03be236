#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Alice's side of Cascade: it holds the reference bits and answers parity queries within a budget.
///
/// A batch is answered whole or refused whole, and a refusal changes nothing. Every answer costs one bit of the budget,
/// asked before or not, so that what the peer learns never exceeds what was debited.
public struct CascadeResponder: Sendable {
  /// The most answers this responder ever gives.
  public let budget: Int
  /// The answers given so far.
  public private(set) var answered = 0

  private let bits: BitString
  private let permutation: @Sendable (Int) -> Permutation
  /// By pass; `nil` until the pass is asked for.
  private var parities = [PrefixParities?](repeating: nil, count: CascadeSchedule.passLimit)

  /// Makes a responder.
  /// - Parameters:
  ///   - bits: the reference bits, 2 to 65,536.
  ///   - budget: the most answers that may ever be given; it is fixed before the first one.
  ///   - stream: the random stream of a pass's permutation, the same on both sides.
  public init<Generator: RandomNumberGenerator & Sendable>(
    bits: BitString, budget: Int, stream: @escaping @Sendable (Int) -> Generator
  ) throws(CascadeError) {
    let count = bits.count
    guard (CascadeSchedule.minimumCount...CascadeSchedule.maximumCount).contains(count) else {
      throw .unsupportedLength(count)
    }
    self.bits = bits
    self.budget = budget
    permutation = { pass in
      var generator = stream(pass)
      return Permutation(count: count, using: &generator)
    }
  }

  /// The parities asked for, in the order of the queries.
  /// - Throws: `batchSize`, `unknownPass`, `invalidRange` or `budgetExceeded`; then nothing was answered or spent.
  public mutating func answer(_ queries: [ParityQuery]) throws(CascadeError) -> [Bool] {
    guard (1...ParityQuery.batchLimit).contains(queries.count) else { throw .batchSize(queries.count) }
    for query in queries {
      guard (0..<CascadeSchedule.passLimit).contains(query.pass) else { throw .unknownPass(query.pass) }
      guard query.start >= 0, query.start < query.end, query.end <= bits.count else {
        throw .invalidRange(start: query.start, end: query.end)
      }
    }
    let left = max(0, budget - answered)
    guard queries.count <= left else { throw .budgetExceeded(asked: queries.count, left: left) }
    answered += queries.count
    return queries.map { query in
      let parities = parities(ofPass: query.pass)
      return parities[query.start] != parities[query.end]
    }
  }

  /// The same, debiting the answers.
  public mutating func answer(
    _ queries: [ParityQuery], debiting ledger: inout LeakageLedger
  ) throws(CascadeError) -> [Bool] {
    let answers = try answer(queries)
    ledger.debit(.paritiesAnswered, bits: answers.count, "Cascade")
    return answers
  }

  private mutating func parities(ofPass pass: Int) -> PrefixParities {
    if let ready = parities[pass] { return ready }
    let made = PrefixParities(of: bits, in: permutation(pass))
    parities[pass] = made
    return made
  }
}

/// The parities of all prefixes of a permuted string, so that any range costs two look-ups. Wiped before it is freed.
///
/// `@unchecked Sendable`: the words are written by `init` and `deinit` alone.
private final class PrefixParities: @unchecked Sendable {
  private let words: UnsafeMutablePointer<UInt64>
  private let wordCount: Int
  private let count: Int

  init(of bits: BitString, in order: Permutation) {
    count = bits.count
    wordCount = bits.count / 64 + 1
    words = .allocate(capacity: wordCount)
    words.initialize(repeating: 0, count: wordCount)
    var carry: UInt64 = 0
    for index in 0..<wordCount {
      let first = index * 64
      var word = carry
      // Bit x of a word is bit first + x − 1 of the string, so that prefixes of 0 bits to all bits have their place.
      for position in max(1, first)...min(first + 63, count) {
        word ^= (bits[order[position - 1]] ? 1 : 0) << UInt64(position - first)
      }
      for shift: UInt64 in [1, 2, 4, 8, 16, 32] { word ^= word << shift }
      words[index] = word
      carry = word >> 63
    }
  }

  deinit {
    explicit_bzero(words, wordCount * MemoryLayout<UInt64>.stride)
    words.deallocate()
  }

  /// The parity of the first `length` bits in permuted order.
  subscript(length: Int) -> Bool {
    precondition(length >= 0 && length <= count, "prefix out of range")
    return words[length >> 6] >> UInt64(length & 63) & 1 != 0
  }
}
