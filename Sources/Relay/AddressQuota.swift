/// Counts what each address did in a time that starts with its first act.
///
/// Memory is bounded: there are `capacity` places, in rows of eight, and an address has a place in one row, which none
/// but this process can tell. In a row that is full the address whose time began first is forgotten, which under a
/// flood from tens of thousands of addresses lets some of them start anew rather than shutting new ones out. Places are
/// made in pages when somebody first needs one, so that a relay with few clients takes little, and one with many has soon
/// taken all it will.
struct AddressQuota: Sendable {
  static let minute: Int64 = 60 * 1_000_000_000
  static let hour: Int64 = 60 * minute

  private static let rowPlaces = 8
  private static let pagePlaces = 256

  private struct Window {
    var address: AddressKey
    /// 0 for a place that nobody has.
    var count: UInt32
    var start: Int64
  }

  private let limit: UInt32
  private let length: Int64
  private let rows: Int
  private let rowLength: Int
  private let rowsInPage: Int
  private var pages: [[Window]]

  /// - Parameters:
  ///   - limit: How often an address may act in the time; more than 2³² - 1 is as much as that.
  ///   - length: The time in nanoseconds.
  ///   - capacity: How many addresses are remembered; whole rows of them.
  init(limit: Int, per length: Int64 = AddressQuota.hour, capacity: Int = 65_536) {
    self.limit = UInt32(clamping: limit)
    self.length = length
    rowLength = min(max(1, capacity), Self.rowPlaces)
    rows = max(1, capacity / rowLength)
    rowsInPage = Self.pagePlaces / rowLength
    pages = Array(repeating: [], count: (rows + rowsInPage - 1) / rowsInPage)
  }

  /// The number of addresses whose time has not ended at `now`.
  func trackedAddresses(at now: Int64) -> Int {
    pages.reduce(0) { sum, page in sum + page.count { $0.count > 0 && now < $0.start + length } }
  }

  /// Places that memory was taken for.
  var places: Int { pages.reduce(0) { $0 + $1.count } }

  /// How many nanoseconds after `now` the address may act again; `nil` where it may at once.
  func wait(of address: AddressKey, at now: Int64) -> Int64? {
    let (page, row) = row(of: address)
    guard !pages[page].isEmpty,
      let window = pages[page][row].first(where: { $0.count > 0 && $0.address == address }),
      window.count >= limit, now < window.start + length
    else { return nil }
    return window.start + length - now
  }

  /// Counts one act of `address` at `now` (monotonic nanoseconds).
  /// - Returns: `nil` when it is within the limit; otherwise the nanoseconds until the address may try again.
  mutating func admit(_ address: AddressKey, at now: Int64) -> Int64? {
    let (page, row) = row(of: address)
    if pages[page].isEmpty {
      pages[page] = Array(repeating: Window(address: address, count: 0, start: 0), count: rowsInPage * rowLength)
    }
    // The address's own place; or one that is free, or whose time has ended; or the one whose time began first.
    var place = row.lowerBound
    var oldest = Int64.max
    for index in row {
      let window = pages[page][index]
      let isOver = window.count == 0 || window.start + length <= now
      if window.address == address, window.count > 0 {
        if isOver {
          place = index
          break
        }
        guard window.count < limit else { return window.start + length - now }
        pages[page][index].count += 1
        return nil
      }
      let began = isOver ? Int64.min : window.start
      if began < oldest {
        oldest = began
        place = index
      }
    }
    pages[page][place] = Window(address: address, count: 1, start: now)
    return nil
  }

  private func row(of address: AddressKey) -> (page: Int, places: Range<Int>) {
    // Seeded anew in every process: nobody can choose addresses that share a row.
    let row = Int(UInt(bitPattern: address.hashValue) % UInt(rows))
    let first = row % rowsInPage * rowLength
    return (row / rowsInPage, first..<first + rowLength)
  }
}
