/// Session codes ordered by the time at which somebody should look at them: a binary heap.
///
/// A code may be queued more than once; looking at a session too early is harmless, looking late is not.
struct DeadlineQueue: Sendable {
  private var heap: [(deadline: Int64, code: SessionCode)] = []

  /// The earliest deadline, in monotonic nanoseconds.
  var earliest: Int64? { heap.first?.deadline }

  var count: Int { heap.count }

  mutating func insert(_ code: SessionCode, at deadline: Int64) {
    heap.append((deadline, code))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].deadline < heap[parent].deadline else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes out one code whose deadline is not after `now`.
  mutating func popDue(at now: Int64) -> SessionCode? {
    guard let top = heap.first, top.deadline <= now else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].deadline < heap[child].deadline { child += 1 }
      guard heap[child].deadline < heap[parent].deadline else { break }
      heap.swapAt(child, parent)
      parent = child
    }
    return top.code
  }

  /// Drops every entry whose code is not wanted any more.
  mutating func keep(where isWanted: (SessionCode) -> Bool) {
    let kept = heap.filter { isWanted($0.code) }
    heap.removeAll(keepingCapacity: true)
    for (deadline, code) in kept { insert(code, at: deadline) }
  }
}
