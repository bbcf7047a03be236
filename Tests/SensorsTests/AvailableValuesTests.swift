import Testing

@testable import Sensors

@Suite("What an _available attribute offers")
struct AvailableValuesTests {
  @Test("the nearest rate at or above the wanted one, else the largest")
  func rates() throws {
    let rates = try #require(AvailableValues("10 20 50 100 200 500"))
    #expect(rates.smallest(reaching: 200)?.text == "200")
    #expect(rates.smallest(reaching: 120)?.text == "200")
    #expect(rates.smallest(reaching: 1000)?.text == "500")
    #expect(rates.smallest(reaching: 1)?.text == "10")
  }

  @Test("the order of the list does not matter, and the text is kept as the driver writes it")
  func order() throws {
    let values = try #require(AvailableValues("1600.000000 25.000000 \n 200.000000 199.900000"))
    #expect(values.smallest(reaching: 200)?.text == "199.900000")
  }

  @Test("±8 g of an MPU-6050 is 7.99 g by its printed scale, and counts as 8")
  func tolerance() throws {
    let scales = try #require(AvailableValues("0.000598 0.001196 0.002392 0.004785"))
    #expect(scales.smallest(reaching: 8 * 9.80665 / 32_768)?.text == "0.002392")
    #expect(scales.smallest(reaching: 9 * 9.80665 / 32_768)?.text == "0.004785")
  }

  @Test("a range is entered at a step")
  func range() throws {
    let range = try #require(AvailableValues("[12.5 12.5 400]"))
    #expect(range.smallest(reaching: 200)?.number == 200)
    #expect(range.smallest(reaching: 201)?.number == 212.5)
    #expect(range.smallest(reaching: 5)?.text == "12.5")
    #expect(range.smallest(reaching: 5000)?.text == "400")
    #expect(AvailableValues("[1 0 8]")?.smallest(reaching: 3.25)?.number == 3.25)
  }

  @Test("another value than one")
  func other() throws {
    let rates = try #require(AvailableValues("0 10 20 50 100 200 500"))
    #expect(rates.other(than: 200)?.text == "100")
    #expect(rates.other(than: 10)?.text == "20")
    #expect(AvailableValues("200")?.other(than: 200) == nil)
    #expect(AvailableValues("[12.5 12.5 400]")?.other(than: 200)?.text == "400")
    #expect(AvailableValues("[200 1 200]")?.other(than: 200) == nil)
  }

  @Test("zero never counts: it switches things off")
  func zero() throws {
    #expect(AvailableValues("0 0.0")?.smallest(reaching: 100) == nil)
    #expect(AvailableValues("0 25")?.smallest(reaching: 0.1)?.text == "25")
    #expect(AvailableValues("[0 1 0]")?.smallest(reaching: 5) == nil)
  }

  @Test(
    "anything else is refused",
    arguments: ["", " \n", "fast slow", "10 20 nan", "[1 2]", "[1 2 3 4]", "[9 1 3]", "1e999"])
  func garbage(_ text: String) { #expect(AvailableValues(text) == nil) }

  @Test("a list without end is refused") func huge() {
    #expect(AvailableValues(String(repeating: "1 ", count: 100_000)) == nil)
  }
}
