import Platform

@testable import Controls

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A machine's GPIO chips, as a test wants them.
final class FakeGPIO: GPIOLibrary {
  struct Chip: Sendable {
    var label: String
    var lines: [LineInfo]
    var openError: SystemErrno?
    var infoError: SystemErrno?

    init(label: String, names: [String?]) {
      self.label = label
      lines = names.map { LineInfo(name: $0) }
    }
  }

  /// A request that was granted or refused.
  struct Request: Sendable, Equatable {
    var path: String
    var offset: Int
    var settings: LineSettings
    var consumer: String
  }

  private let chips: Locked<[String: Chip]>
  private let listError: SystemErrno?
  private let state = Locked((requests: [Request](), lines: [FakeLine]()))
  /// Refuses a request, or not.
  private let refuse: @Sendable (LineSettings) -> SystemErrno?
  /// Whether lines are active when requested.
  private let isActive: Bool

  init(
    _ chips: [String: Chip], isActive: Bool = false, listError: SystemErrno? = nil,
    refuse: @escaping @Sendable (LineSettings) -> SystemErrno? = { _ in nil }
  ) {
    self.chips = Locked(chips)
    self.listError = listError
    self.isActive = isActive
    self.refuse = refuse
  }

  var requests: [Request] { state.withLock { $0.requests } }
  /// The line that was granted last.
  var line: FakeLine? { state.withLock { $0.lines.last } }
  /// Forgets the lines, so that only the code under test holds them.
  func forgetLines() { state.withLock { $0.lines = [] } }

  func chipPaths() throws(SystemErrno) -> [String] {
    if let listError { throw listError }
    return chips.withLock { $0.keys.sorted() }
  }

  func openChip(_ path: String) throws(SystemErrno) -> any GPIOChip {
    guard let chip = chips.withLock({ $0[path] }) else { throw .noEntry }
    if let error = chip.openError { throw error }
    return OpenChip(library: self, path: path, chip: chip)
  }

  private struct OpenChip: GPIOChip {
    let library: FakeGPIO
    let path: String
    let chip: Chip

    var name: String { String(path.split(separator: "/").last ?? "") }
    var label: String { chip.label }
    var lineCount: Int { chip.lines.count }

    func info(ofLine offset: Int) throws(SystemErrno) -> LineInfo {
      if let error = chip.infoError { throw error }
      guard chip.lines.indices.contains(offset) else { throw .invalidArgument }
      return chip.lines[offset]
    }

    func request(
      line offset: Int, _ settings: LineSettings, consumer: String
    ) throws(SystemErrno) -> any GPIOLine {
      library.state.withLock {
        $0.requests.append(Request(path: path, offset: offset, settings: settings, consumer: consumer))
      }
      if chip.lines[offset].isUsed { throw .busy }
      if let error = library.refuse(settings) { throw error }
      let line = FakeLine(isActive: library.isActive)
      library.state.withLock { $0.lines.append(line) }
      return line
    }
  }
}

/// A line whose edges a test makes.
final class FakeLine: GPIOLine {
  private struct State {
    var edges: [LineEdge] = []
    var isActive = false
    var sequence: UInt = 0
    var error: SystemErrno?
    var levels: [Bool] = []
    var readers = 0
    var greatestReaders = 0
  }

  private let state: Locked<State>
  private let levelReads = AsyncStream<Void>.makeStream()
  let fileDescriptor: Int32
  private let writeEnd: Int32

  init(isActive: Bool) {
    state = Locked(State(isActive: isActive))
    var ends: [Int32] = [-1, -1]
    // A test without descriptors left fails at the first edge that it waits for.
    _ = pipe(&ends)
    fileDescriptor = ends[0]
    writeEnd = ends[1]
    _ = fcntl(fileDescriptor, F_SETFL, O_NONBLOCK)
  }

  deinit {
    close(fileDescriptor)
    close(writeEnd)
  }

  /// Waits until the level is read, which is the last thing before edges count.
  func waitUntilListening() async {
    for await _ in levelReads.stream { return }
  }

  /// The levels that were set.
  var levels: [Bool] { state.withLock { $0.levels } }

  /// How many threads have read edges at once, at most.
  var greatestReaders: Int { state.withLock { $0.greatestReaders } }

  /// Makes edges, which are read together.
  func make(_ edges: [(isActive: Bool, nanoseconds: Int64)]) {
    state.withLock { state in
      for edge in edges {
        state.sequence += 1
        state.edges.append(
          LineEdge(isActive: edge.isActive, nanoseconds: edge.nanoseconds, sequence: state.sequence))
        state.isActive = edge.isActive
      }
    }
    signal()
  }

  /// Loses edges: the level is as given, and the sequence has a gap before the next edge.
  func lose(_ count: UInt, isActive: Bool) {
    state.withLock { state in
      state.sequence += count
      state.isActive = isActive
    }
  }

  /// Changes the level alone, as between a read of the edges and one of the level.
  func setLevel(_ isActive: Bool) { state.withLock { $0.isActive = isActive } }

  /// Lets every operation fail from now on.
  func fail(_ error: SystemErrno?) {
    state.withLock { $0.error = error }
    signal()
  }

  private func signal() { _ = write(writeEnd, [1], 1) }

  func readEdges() throws(SystemErrno) -> [LineEdge] {
    state.withLock { state in
      state.readers += 1
      state.greatestReaders = max(state.greatestReaders, state.readers)
    }
    defer { state.withLock { $0.readers -= 1 } }
    var byte: UInt8 = 0
    while read(fileDescriptor, &byte, 1) > 0 {}
    if let error = state.withLock({ $0.error }) { throw error }
    return state.withLock { state in
      defer { state.edges = [] }
      return state.edges
    }
  }

  func isActive() throws(SystemErrno) -> Bool {
    defer { levelReads.continuation.yield() }
    if let error = state.withLock({ $0.error }) { throw error }
    return state.withLock { $0.isActive }
  }

  func setActive(_ isActive: Bool) throws(SystemErrno) {
    if let error = state.withLock({ $0.error }) { throw error }
    state.withLock { state in
      state.isActive = isActive
      state.levels.append(isActive)
    }
  }
}
