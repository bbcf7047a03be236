/// One result, printed as a line of JSON.
struct Row {
  private var members: [String] = []

  init(_ what: String) { members.append("\"what\":\"\(what)\"") }

  mutating func add(_ name: String, _ value: Int?) {
    if let value { members.append("\"\(name)\":\(value)") }
  }

  mutating func add(_ name: String, _ value: Double?, digits: Int = 1) {
    guard let value, value.isFinite else { return }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    members.append("\"\(name)\":\((value * scale).rounded() / scale)")
  }

  mutating func add(_ name: String, _ value: String) { members.append("\"\(name)\":\"\(value)\"") }

  /// Percentiles of times in seconds, as milliseconds.
  mutating func addTimes(_ times: [Double]) {
    let sorted = times.sorted()
    guard let last = sorted.last else { return }
    for (name, share) in [("p50_ms", 0.5), ("p99_ms", 0.99)] {
      add(name, sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] * 1e3, digits: 3)
    }
    add("max_ms", last * 1e3, digits: 3)
  }

  func print() { Swift.print("{\(members.joined(separator: ","))}") }
}
