/// The account of everything disclosed about the secret bits: whatever leaves a board, or tells it something about the
/// peer's bits that others may know too, is debited here in bits, and privacy amplification subtracts the total.
///
/// Sums saturate instead of wrapping: a total of `Int.max` can only make a pairing abort.
public struct LeakageLedger: Sendable, Equatable {
  /// What was disclosed.
  public enum Kind: String, Sendable, CaseIterable {
    /// Raw samples opened to align the two boards; debited only if any of them also served the key.
    case preamble
    /// Filters, scales, guards and levels that follow from public data.
    case plan
    /// Which cells each side kept.
    case masks
    /// Positions inside quantiser cells, where a profile publishes them.
    case offsets
    /// Parities given to the peer, one bit each.
    case paritiesAnswered = "parities answered"
    /// Parities received from the peer, one bit each.
    case paritiesReceived = "parities received"
    /// Bits corrected, one bit each.
    case corrections
    /// A tag or commitment made from the bits.
    case tag
    /// Anything else.
    case other
  }

  /// One kind of disclosure under one label, with everything debited to it so far.
  public struct Entry: Sendable, Equatable {
    /// What was disclosed.
    public let kind: Kind
    /// A few words for the reader of a report.
    public let label: String
    /// The bits debited.
    public internal(set) var bits: Int
    /// How many debits were merged into this entry.
    public internal(set) var times: Int
  }

  /// The debits in the order of their first occurrence; those of one kind and label are merged.
  public private(set) var entries: [Entry] = []

  /// An empty ledger.
  public init() {}

  /// Debits `bits` (0 or more; a negative debit is a caller's bug and traps). A debit of 0 is listed too: it says that
  /// the disclosure was considered.
  public mutating func debit(_ kind: Kind, bits: Int, _ label: String) {
    precondition(bits >= 0, "a disclosure cannot be negative")
    if let index = entries.firstIndex(where: { $0.kind == kind && $0.label == label }) {
      entries[index].bits = entries[index].bits.addingSaturating(bits)
      entries[index].times = entries[index].times.addingSaturating(1)
    } else {
      entries.append(Entry(kind: kind, label: label, bits: bits, times: 1))
    }
  }

  /// Adds all debits of another ledger.
  public mutating func merge(_ other: LeakageLedger) {
    for entry in other.entries {
      debit(entry.kind, bits: entry.bits, entry.label)
      if let index = entries.firstIndex(where: { $0.kind == entry.kind && $0.label == entry.label }) {
        entries[index].times = entries[index].times.addingSaturating(entry.times - 1)
      }
    }
  }

  /// All bits debited.
  public var total: Int { entries.reduce(0) { $0.addingSaturating($1.bits) } }

  /// The bits debited under one kind.
  public func total(of kind: Kind) -> Int {
    entries.reduce(0) { $1.kind == kind ? $0.addingSaturating($1.bits) : $0 }
  }
}

extension LeakageLedger: CustomStringConvertible {
  /// A table, one line per entry (`bits  kind  label (×times)`) and the total last.
  public var description: String {
    let rows = entries.map { entry in
      (
        bits: String(entry.bits), kind: entry.kind.rawValue,
        label: entry.times > 1 ? "\(entry.label) (×\(entry.times))" : entry.label
      )
    }
    let sum = String(total)
    let bitsWidth = (rows.map(\.bits.count) + [sum.count]).max() ?? 0
    let kindWidth = rows.map(\.kind.count).max() ?? 0
    func line(_ bits: String, _ kind: String, _ label: String) -> String {
      let left = String(repeating: " ", count: bitsWidth - bits.count) + bits
      guard !label.isEmpty else { return "\(left)  \(kind)" }
      return "\(left)  \(kind)\(String(repeating: " ", count: kindWidth - kind.count))  \(label)"
    }
    return (rows.map { line($0.bits, $0.kind, $0.label) } + [line(sum, "total", "")]).joined(separator: "\n")
  }
}

extension Int {
  fileprivate func addingSaturating(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
