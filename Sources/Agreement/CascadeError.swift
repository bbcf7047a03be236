/// Why information reconciliation stopped. Every case ends the attempt, except `wrongAnswerCount`, which leaves the
/// corrector as it was.
public enum CascadeError: Error, Equatable, Sendable {
  /// The string is too short or too long to be reconciled.
  case unsupportedLength(Int)
  /// The expected error rate is not a number in 0...0.5.
  case invalidErrorRate
  /// The bits do not have the length the schedule was made for.
  case lengthMismatch(bits: Int, schedule: Int)
  /// A batch of queries holds none, or more than one message may hold.
  case batchSize(Int)
  /// A query names a pass beyond the last one.
  case unknownPass(Int)
  /// A query's range is empty, reversed, not within the string, or not apart from and after the one before it.
  case invalidRange(start: Int, end: Int)
  /// The parities would cost more than the budget that was fixed beforehand.
  case budgetExceeded(asked: Int, left: Int)
  /// The number of answers differs from the number of queries.
  case wrongAnswerCount(expected: Int, received: Int)
  /// More errors turned up than the error rate measured on public data allows.
  case tooManyErrors(corrected: Int, limit: Int)
  /// Reconciliation took more round trips than any honest run.
  case tooManyRounds(limit: Int)
  /// The peer's parities contradict each other: no string has them.
  case inconsistentAnswers
  /// Bytes that are no batch of queries or answers.
  case malformed(MalformedReason)
  /// A call that does not fit the state: started twice, answers when none are awaited, or use after an error.
  case outOfTurn

  /// What was wrong with bytes that should have held queries or answers.
  public enum MalformedReason: Equatable, Sendable {
    /// The bytes end in the middle of a number or of a group.
    case truncated
    /// A number is too large or not in its shortest form.
    case number
    /// A group, run or range is empty.
    case empty
    /// A range reaches beyond the longest supported string.
    case range
    /// There are more queries than one message may hold.
    case count
    /// The length does not fit the number of answers, or a padding bit is set.
    case length
  }
}

extension CascadeError: CustomStringConvertible {
  /// What happened, what was expected, and what to do, for the local log.
  public var description: String {
    switch self {
    case .unsupportedLength(let count):
      "cannot reconcile \(count) bits: expected \(CascadeSchedule.minimumCount) to \(CascadeSchedule.maximumCount)"
    case .invalidErrorRate:
      "the expected error rate is not a number between 0 and 0.5; measure it on the preamble again"
    case .lengthMismatch(let bits, let schedule):
      "the string has \(bits) bits but the schedule is for \(schedule); both must follow from the same masks"
    case .batchSize(let count):
      "a batch of \(count) parity queries: expected 1 to \(ParityQuery.batchLimit); the peer is faulty or hostile"
    case .unknownPass(let pass):
      "a parity query names pass \(pass): expected 0 to \(CascadeSchedule.passLimit - 1); the peer is faulty or hostile"
    case .invalidRange(let start, let end):
      "a parity query names the range \(start)..<\(end), which is empty, outside the string or not after the one before; "
        + "the peer is faulty or hostile"
    case .budgetExceeded(let asked, let left):
      "\(asked) more \(asked == 1 ? "parity" : "parities") would exceed the leakage budget, \(left) are left; "
        + "press the boards firmly together and shake again"
    case .wrongAnswerCount(let expected, let received):
      "\(received) parities came for \(expected) queries; the peer is faulty or hostile"
    case .tooManyErrors(let corrected, let limit):
      "\(corrected) bits had to be corrected, at most \(limit) were expected from the preamble: "
        + "the two boards were not shaken together throughout; shake again"
    case .tooManyRounds(let limit):
      "reconciliation was not finished after \(limit) round trips; the peer is faulty or hostile"
    case .inconsistentAnswers:
      "the peer's parities contradict each other; the peer is faulty or hostile"
    case .malformed(let reason):
      "malformed parity message (\(reason)); the peer is faulty or speaks another version"
    case .outOfTurn:
      "reconciliation was driven out of turn: start once, then one answer batch per query batch, nothing after an error"
    }
  }
}
