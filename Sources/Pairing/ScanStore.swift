import Motion

/// The scans of one attempt, overwritten with zeros wherever they have been.
///
/// A `Recording` that grows leaves its old arrays behind as they were; this one moves to new ones itself and wipes what
/// it leaves, and the last owner wipes the rest. A copy that is written to gets scans of its own, wiped in their turn.
struct ScanStore: Sendable {
  /// Scans that there is room for at first: ten seconds at 400 Hz.
  private static let firstCapacity = 4096

  private var storage = Storage(Recording(), capacity: 0)

  /// The scans, to be looked at but not kept: a copy that outlives the call that it is made for is not wiped.
  var recording: Recording { storage.recording }

  var count: Int { storage.recording.count }
  var isEmpty: Bool { storage.recording.isEmpty }

  /// Adds scans at the end. The batch stays its owner's to wipe.
  mutating func append(contentsOf batch: Recording) {
    let needed = count + batch.count
    if needed > storage.capacity || !isKnownUniquelyReferenced(&storage) {
      let capacity = max(
        ScanStore.firstCapacity, needed > storage.capacity ? max(needed, 2 * storage.capacity) : needed)
      storage = Storage(storage.recording, capacity: capacity)
    }
    storage.recording.append(contentsOf: batch)
  }

  /// Leaves only the scans from an index on.
  mutating func drop(before index: Int) {
    var suffix = storage.recording.suffix(from: index)
    storage = Storage(suffix, capacity: storage.capacity)
    suffix.wipe()
  }

  /// Leaves nothing.
  mutating func removeAll() { storage = Storage(Recording(), capacity: 0) }

  /// `@unchecked Sendable`: it changes only through `ScanStore`, which makes it unique first, so no two threads ever see
  /// one instance while it changes.
  private final class Storage: @unchecked Sendable {
    var recording: Recording
    let capacity: Int

    /// A copy with arrays of its own, so that there is nobody else whose scans are wiped or left.
    init(_ scans: Recording, capacity: Int) {
      recording = Recording(nominalRate: scans.nominalRate)
      self.capacity = capacity
      recording.reserveCapacity(capacity)
      recording.append(contentsOf: scans)
    }

    deinit { recording.wipe() }
  }
}
