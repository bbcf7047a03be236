/// An open buffer: the queue between the sensor and a client, as the kernel keeps it.
///
/// It holds so many scans as blocks times scans per block; while it is full, new scans are lost. It keeps numbers of
/// scans, not scans: however slow a client, it costs no memory.
struct BufferStream: Sendable {
  /// Scans that one reading waits for.
  let block: Int
  /// The mask that was asked for, in the protocol's digits.
  let mask: String
  /// Bytes of a scan.
  var scanSize: Int { packer.scanSize }

  private var schedule: ScanSchedule
  private let packer: ScanPacker
  private let capacity: Int
  private let clockAhead: Int64
  private var queue: [Range<Int>] = []
  /// How many scans wait to be read.
  private(set) var waiting = 0
  /// The scan that comes next.
  private var next: Int

  /// A buffer that is opened at `now`: scans that were due before are not in it.
  ///
  /// - Parameter clockAhead: what is added to stamps of the monotonic clock, ns.
  init(
    schedule: ScanSchedule, packer: ScanPacker, mask: String, block: Int, blocks: Int, clockAhead: Int64, at now: Int64
  ) {
    self.schedule = schedule
    self.packer = packer
    self.mask = mask
    self.block = block
    capacity = block * blocks
    self.clockAhead = clockAhead
    next = schedule.count(by: now - 1)
  }

  /// The number of the playback.
  var playbackID: Int { schedule.playback.id }

  /// Takes in what is due.
  mutating func advance(to now: Int64, _ playback: Stage.Playback) {
    schedule.playback = playback
    let due = schedule.count(by: now)
    guard due > next else { return }
    let taken = min(capacity - waiting, due - next)
    if taken > 0 {
      if let last = queue.last, last.upperBound == next {
        queue[queue.count - 1] = last.lowerBound..<next + taken
      } else {
        queue.append(next..<next + taken)
      }
      waiting += taken
    }
    next = due
  }

  /// When there will be `count` scans to read, if none is read before; nil if never.
  func ready(_ count: Int) -> Int64? {
    count <= waiting ? .min : schedule.due(next + count - waiting - 1)
  }

  /// Takes scans out.
  mutating func read(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(count, waiting) * scanSize)
    let recorded = schedule.recorded
    let size = recorded.layout.scanSize
    let restScans = max(1, recorded.rest.bytes.count / size)
    for _ in 0..<min(count, waiting) {
      guard let range = queue.first else { break }
      if let scan = schedule.scan(range.lowerBound) {
        let stamp = scan.stamp &+ clockAhead
        if scan.isRest {
          packer.pack(recorded.rest.bytes, at: scan.index % restScans * size, stamp: stamp, into: &bytes)
        } else {
          packer.pack(recorded.bytes, at: scan.index * size, stamp: stamp, into: &bytes)
        }
      }
      waiting -= 1
      if range.count == 1 { queue.removeFirst() } else { queue[0] = range.lowerBound + 1..<range.upperBound }
    }
    return bytes
  }
}
