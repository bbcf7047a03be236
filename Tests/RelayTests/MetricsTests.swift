import Testing

@testable import Relay

@Suite("What is counted")
struct MetricsTests {
  @Test(
    "a delay is counted under the first bound that it does not exceed",
    arguments: [
      (0, 0), (1, 0), (1_000, 0), (1_001, 1), (2_000, 1), (2_001, 2), (4_000, 2), (1_048_576_000, 20),
      (1_048_576_001, 21), (Int64.max - 999, 21), (-5, 0),
    ] as [(Int64, Int)])
  func bounds(nanoseconds: Int64, index: Int) {
    var histogram = DelayHistogram()
    histogram.add(nanoseconds: nanoseconds)
    #expect(histogram.counts.firstIndex(of: 1) == index)
    #expect(histogram.count == 1)
  }

  @Test("the traffic of event loops adds up")
  func sum() {
    let metrics = RelayMetrics()
    for loop in [metrics.addLoop(), metrics.addLoop()] {
      loop.withLockedValue {
        $0.messages = 2
        $0.bytes = 10
        $0.delays.add(nanoseconds: 3_000)
      }
    }
    var delays = DelayHistogram()
    delays.add(nanoseconds: 3_000)
    delays.add(nanoseconds: 3_000)
    #expect(metrics.traffic == Traffic(messages: 4, bytes: 20, delays: delays))
    #expect(delays.sum == 6_000)
  }

  @Test("a close that names a limit is a refusal too")
  func closes() {
    let metrics = RelayMetrics()
    metrics.closes(for: CloseReason(code: 1013, text: "limit sendQueueBytes"))
    metrics.closes(for: CloseReason(code: 1008, text: "session ended: limit aloneTime"))
    metrics.closes(for: CloseReason(code: 1008, text: "role taken"))
    #expect(metrics.events.refusals == ["sendQueueBytes": 1, "aloneTime": 1])
    #expect(metrics.events.closes.count == 3)
  }

  @Test("the text is Prometheus' format: bounds add up, labels are escaped")
  func text() {
    var histogram = DelayHistogram()
    for nanoseconds: Int64 in [500, 1_500, 1_500, 2_000_000_000] { histogram.add(nanoseconds: nanoseconds) }
    var text = MetricsText()
    text.add("open", .gauge, "How many.", 3)
    text.add("closed", .counter, "Why.", [([("why", "a \"b\"\\\n"), ("code", "1")], "2")])
    text.add("delay_seconds", "How long.", histogram)
    let lines = text.text.split(separator: "\n").map(String.init)
    #expect(
      lines.prefix(9) == [
        "# HELP open How many.", "# TYPE open gauge", "open 3",
        "# HELP closed Why.", "# TYPE closed counter", #"closed{why="a \"b\"\\\n",code="1"} 2"#,
        "# HELP delay_seconds How long.", "# TYPE delay_seconds histogram",
        #"delay_seconds_bucket{le="0.000001"} 1"#,
      ])
    #expect(lines[9] == #"delay_seconds_bucket{le="0.000002"} 3"#)
    #expect(
      lines.suffix(4) == [
        #"delay_seconds_bucket{le="1.048576"} 3"#, #"delay_seconds_bucket{le="+Inf"} 4"#,
        "delay_seconds_sum 2.0000035", "delay_seconds_count 4",
      ])
  }
}
