internal import Platform

/// The edges of a held GPIO line.
final class GPIOEdgeSource: EdgeSource {
  private let line: HeldLine
  /// The sequence number of the edge read last.
  private let lastSequence = Locked<UInt?>(nil)

  init(line: HeldLine) { self.line = line }

  var fileDescriptor: Int32 { line.line.fileDescriptor }

  func begin() throws(ControlsError) -> Bool {
    // First the old edges, then the level: an edge between the two is read later, and says nothing new.
    while try !edges().isEmpty {}
    return try level()
  }

  func read() throws(ControlsError) -> [EdgeReport] {
    let previous = lastSequence.withLock { $0 }
    let edges = try edges()
    var expected = previous.map { $0 &+ 1 }
    var hasGap = false
    for edge in edges {
      if let expected, edge.sequence != expected { hasGap = true }
      expected = edge.sequence &+ 1
    }
    let reports = edges.map { EdgeReport.edge(isDown: $0.isActive, nanoseconds: $0.nanoseconds) }
    return hasGap ? reports + [.level(isDown: try level())] : reports
  }

  private func edges() throws(ControlsError) -> [LineEdge] {
    do {
      let edges = try line.line.readEdges()
      if let last = edges.last { lastSequence.withLock { $0 = last.sequence } }
      return edges
    } catch { throw line.error("reading edges", error) }
  }

  private func level() throws(ControlsError) -> Bool {
    do { return try line.line.isActive() } catch { throw line.error("reading the level", error) }
  }
}
