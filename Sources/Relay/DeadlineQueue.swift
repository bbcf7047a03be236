/// Session codes or room names, ordered by the time at which somebody should look at them: a binary heap.
///
/// A key may be queued more than once; looking too early is harmless, looking late is not.
struct DeadlineQueue<Key: Sendable>: Sendable {
  private var heap: [(deadline: Int64, key: Key)] = []

  /// The earliest deadline, in monotonic nanoseconds.
  var earliest: Int64? { heap.first?.deadline }

  var count: Int { heap.count }

  mutating func insert(_ key: Key, at deadline: Int64) {
    heap.append((deadline, key))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].deadline < heap[parent].deadline else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes out one key whose deadline is not after `now`.
  mutating func popDue(at now: Int64) -> Key? {
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
    return top.key
  }

  /// Drops every entry whose key is not wanted any more.
  mutating func keep(where isWanted: (Key) -> Bool) {
    let kept = heap.filter { isWanted($0.key) }
    heap.removeAll(keepingCapacity: true)
    for (deadline, key) in kept { insert(key, at: deadline) }
  }
}
