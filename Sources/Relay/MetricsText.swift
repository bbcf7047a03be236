/// Writes the text format of Prometheus, version 0.0.4.
struct MetricsText {
  enum Kind: String {
    case counter, gauge, histogram
  }

  private(set) var text = ""

  /// One metric, with a sample for each set of labels.
  mutating func add(
    _ name: String, _ kind: Kind, _ help: String, _ samples: [(labels: [(String, String)], value: String)]
  ) {
    begin(name, kind, help)
    for sample in samples { line(name, sample.labels, sample.value) }
  }

  /// One metric with one sample.
  mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
    add(name, kind, help, [([], "\(value)")])
  }

  /// A histogram in seconds.
  mutating func add(_ name: String, _ help: String, _ histogram: DelayHistogram) {
    begin(name, .histogram, help)
    var below = 0
    for (bound, count) in zip(DelayHistogram.bounds, histogram.counts) {
      below += count
      line("\(name)_bucket", [("le", Self.seconds(microseconds: bound))], "\(below)")
    }
    line("\(name)_bucket", [("le", "+Inf")], "\(histogram.count)")
    line("\(name)_sum", [], "\(Double(histogram.sum) / 1e9)")
    line("\(name)_count", [], "\(histogram.count)")
  }

  private mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
  }

  private mutating func line(_ name: String, _ labels: [(String, String)], _ value: String) {
    let labels = labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
    text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
  }

  private static func escaped(_ text: String) -> String {
    text.map { $0 == "\\" ? "\\\\" : $0 == "\"" ? "\\\"" : $0 == "\n" ? "\\n" : String($0) }.joined()
  }

  /// Written out, since the same bound has to be the same text in every scrape and program.
  private static func seconds(microseconds: Int) -> String {
    let fraction = String(microseconds % 1_000_000)
    return "\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
  }
}
