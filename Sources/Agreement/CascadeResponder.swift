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
  private let order: @Sendable (Int) -> PassOrder
  /// The bits packed, once a half is asked for.
  private var packed: ParityWords?
  /// By pass, its half, if it has one and was asked for.
  private var halves = [RandomHalf?](repeating: nil, count: CascadeSchedule.passLimit)
  /// By pass, the parities of all prefixes, so that a range costs two look-ups; `nil` until they are needed.
  private var prefixes = [ParityWords?](repeating: nil, count: CascadeSchedule.passLimit)

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
    order = { pass in
      var generator = stream(pass)
      return PassOrder(pass: pass, count: count, using: &generator)
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
      var cursor = query.end
      for range in query.further {
        guard range.lowerBound > cursor, !range.isEmpty, range.upperBound <= bits.count else {
          throw .invalidRange(start: range.lowerBound, end: range.upperBound)
        }
        cursor = range.upperBound
      }
    }
    let left = max(0, budget - answered)
    guard queries.count <= left else { throw .budgetExceeded(asked: queries.count, left: left) }
    answered += queries.count
    return queries.map { parity(of: $0) }
  }

  /// The same, debiting the answers.
  public mutating func answer(
    _ queries: [ParityQuery], debiting ledger: inout LeakageLedger
  ) throws(CascadeError) -> [Bool] {
    let answers = try answer(queries)
    ledger.debit(.paritiesAnswered, bits: answers.count, "Cascade")
    return answers
  }

  private mutating func parity(of query: ParityQuery) -> Bool {
    if prefixes[query.pass] == nil {
      // The parity of a half, which is often all that is asked of its pass, needs no order.
      if let half = half(ofPass: query.pass), query.start == 0, query.end == half.taken, query.further.isEmpty {
        let words = packed ?? ParityWords(bits)
        packed = words
        return words.parity(of: half)
      }
      let permutation = halves[query.pass].map(Permutation.init) ?? order(query.pass).permutation
      prefixes[query.pass] = ParityWords(prefixesOf: bits, in: permutation)
    }
    guard let prefixes = prefixes[query.pass] else { return false }
    var parity = prefixes[query.start] != prefixes[query.end]
    for range in query.further { parity = parity != (prefixes[range.lowerBound] != prefixes[range.upperBound]) }
    return parity
  }

  private mutating func half(ofPass pass: Int) -> RandomHalf? {
    if let half = halves[pass] { return half }
    guard pass >= CascadeSchedule.structuredPassLimit, case .half(let half) = order(pass) else { return nil }
    halves[pass] = half
    return half
  }
}
