import Agreement
import Testing

@Suite struct LeakageLedgerTests {
  @Test func sumsByKindAndInTotal() {
    var ledger = LeakageLedger()
    ledger.debit(.masks, bits: 40, "second 1")
    ledger.debit(.masks, bits: 2, "second 2")
    ledger.debit(.paritiesAnswered, bits: 300, "Cascade")
    #expect(ledger.total == 342)
    #expect(ledger.total(of: .masks) == 42)
    #expect(ledger.total(of: .paritiesAnswered) == 300)
    #expect(ledger.total(of: .tag) == 0)
  }

  @Test func mergesWhatHasTheSameKindAndLabel() {
    var ledger = LeakageLedger()
    for _ in 0..<25 { ledger.debit(.paritiesReceived, bits: 7, "Cascade") }
    ledger.debit(.corrections, bits: 7, "Cascade")
    #expect(ledger.entries.count == 2)
    #expect(ledger.entries[0].bits == 175)
    #expect(ledger.entries[0].times == 25)
    #expect(ledger.total == 182)
  }

  @Test func ledgersAddUp() {
    var one = LeakageLedger()
    one.debit(.tag, bits: 256, "tag")
    var other = LeakageLedger()
    other.debit(.tag, bits: 256, "tag")
    other.debit(.tag, bits: 256, "tag")
    other.debit(.plan, bits: 0, "whitening")
    one.merge(other)
    #expect(one.total == 768)
    #expect(one.entries.map(\.times) == [3, 1])
  }

  @Test func saturatesInsteadOfWrapping() {
    var ledger = LeakageLedger()
    ledger.debit(.other, bits: .max, "everything")
    ledger.debit(.other, bits: 1, "and more")
    ledger.debit(.other, bits: .max, "everything")
    #expect(ledger.total == .max)
    #expect(ledger.total(of: .other) == .max)
    var sum = ledger
    sum.merge(ledger)
    #expect(sum.total == .max)
  }

  @Test func printsATable() {
    var ledger = LeakageLedger()
    ledger.debit(.preamble, bits: 0, "outside the key zone")
    ledger.debit(.paritiesAnswered, bits: 1190, "Cascade")
    ledger.debit(.paritiesAnswered, bits: 10, "Cascade")
    #expect(
      ledger.description == """
           0  preamble           outside the key zone
        1200  parities answered  Cascade (×2)
        1200  total
        """)
    #expect(LeakageLedger().description == "0  total")
  }
}
