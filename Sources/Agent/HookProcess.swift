internal import CProcess
import Glibc
import Platform
import SecureChannel

/// One run of a program: what it is given, how long it may take, what came of it.
struct HookProcess: Sendable {
  /// How it ended.
  enum Ending: Sendable, Equatable {
    /// With an exit status.
    case exited(Int32)
    /// By a signal that nobody here sent.
    case killed(signal: Int32)
    /// By this program, since its time was over.
    case overdue
    /// It could not be started: which call failed, and why.
    case notStarted(String)
  }

  /// The most that is kept of what it says, bytes.
  static let capturedCount = 4096

  let path: String
  let environment: [String: String]
  /// What it reads from standard input.
  let input: [UInt8]
  /// What it reads from descriptor 3, if there is something.
  let key: SecretBytes?
  let limit: Duration
  /// After SIGTERM it has this long before SIGKILL.
  var grace = Duration.seconds(2)

  /// Runs it; blocks until it is over, ``limit`` and ``grace`` at the longest.
  ///
  /// The program is the leader of a process group of its own, works in /, and has no descriptors but 0 to 3. Standard
  /// output and standard error are one pipe.
  ///
  /// - Returns: how it ended, and the first ``capturedCount`` bytes of what it said.
  func run() -> (ending: Ending, said: [UInt8]) {
    do throws(SystemErrno) {
      let wake = try WakeDescriptor()
      let said = try Pipe()
      let child = try start(saying: said)
      said.closeWriting()
      // A thread waits for the process, this one for what it says and for its time.
      let waiter = try? SystemThread(name: "tacc-hook") {
        var information = siginfo_t()
        // It stays a zombie, so that its number, and that of its group, remain its own.
        while waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        wake.wake()
      }
      guard let waiter else {
        kill(-child, SIGKILL)
        _ = HookProcess.reap(child)
        return (.notStarted("no thread to wait for it"), [])
      }
      let (isOverdue, text) = attend(child, said: said, ended: wake)
      waiter.join()
      let status = HookProcess.reap(child)
      if isOverdue { return (.overdue, text) }
      let signal = status & 0x7F
      return (signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: signal), text)
    } catch {
      return (.notStarted("\(error)"), [])
    }
  }

  /// Collects what the process says until it has ended; ends it when its time is over.
  private func attend(_ child: pid_t, said: Pipe, ended: WakeDescriptor) -> (isOverdue: Bool, said: [UInt8]) {
    var text: [UInt8] = []
    var deadline = MonotonicClock.now() &+ limit.nanoseconds
    var signals = [SIGTERM, SIGKILL][...]
    var isListening = true
    while true {
      var descriptors = [
        pollfd(fd: ended.fileDescriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isListening ? said.reading : -1, events: Int16(POLLIN), revents: 0),
      ]
      let left = signals.isEmpty ? -1 : max(0, min(3_600_000, (deadline &- MonotonicClock.now()) / 1_000_000 + 1))
      _ = poll(&descriptors, 2, Int32(left))
      if descriptors[1].revents != 0 { isListening = said.read(into: &text, limit: HookProcess.capturedCount) }
      if descriptors[0].revents != 0 { break }
      if let signal = signals.first, MonotonicClock.now() >= deadline {
        kill(-child, signal)
        signals = signals.dropFirst()
        deadline = MonotonicClock.now() &+ grace.nanoseconds
      }
    }
    let isOverdue = signals.count < 2
    // Whoever is left of a group that was told to end.
    if isOverdue { kill(-child, SIGKILL) }
    while isListening, said.hasMore { isListening = said.read(into: &text, limit: HookProcess.capturedCount) }
    return (isOverdue, text)
  }

  private static func reap(_ child: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return status
  }

  private func start(saying said: Pipe) throws(SystemErrno) -> pid_t {
    let input = try Pipe(holding: self.input)
    let keyPipe: Pipe?
    if let key {
      keyPipe = try key.withExposedBytes { (bytes) throws(SystemErrno) in try Pipe(holding: bytes) }
    } else {
      keyPipe = nil
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    let steps = [
      posix_spawn_file_actions_adddup2(&actions, input.reading, 0),
      posix_spawn_file_actions_adddup2(&actions, said.writing, 1),
      posix_spawn_file_actions_adddup2(&actions, said.writing, 2),
      keyPipe.map { posix_spawn_file_actions_adddup2(&actions, $0.reading, 3) } ?? 0,
      cprocess_add_close_from(&actions, keyPipe == nil ? 3 : 4),
      cprocess_add_change_directory(&actions, "/"),
    ]
    // Nothing is started with more than it shall have.
    for code in steps where code != 0 { throw SystemErrno(code: code) }
    // Threads of this program block all signals, and what ignores one passes that on.
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    var child: pid_t = 0
    let status = HookProcess.withCStrings([path]) { arguments in
      HookProcess.withCStrings(variables) { posix_spawn(&child, path, &actions, &attributes, arguments, $0) }
    }
    guard status == 0 else { throw SystemErrno(code: status) }
    return child
  }

  private static func withCStrings<Result>(
    _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let pointers = texts.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers + [nil])
  }
}

/// A pipe whose ends no other program inherits; closed with its last reference.
private final class Pipe {
  let reading: Int32
  private(set) var writing: Int32

  init() throws(SystemErrno) {
    var ends: [Int32] = [-1, -1]
    guard cprocess_pipe(&ends) == 0 else { throw .current }
    // Above what a program is given, so that putting one in its place never overwrites another.
    let moved = ends.map { fcntl($0, F_DUPFD_CLOEXEC, 10) }
    let code = SystemErrno.current
    for end in ends { close(end) }
    (reading, writing) = (moved[0], moved[1])
    guard moved.allSatisfy({ $0 >= 0 }) else {
      for end in moved where end >= 0 { close(end) }
      writing = -1
      throw code
    }
  }

  /// A pipe in which everything is already that its reader will find: so much always fits (pipe(7)), and nobody waits.
  convenience init(holding bytes: [UInt8]) throws(SystemErrno) {
    try self.init()
    guard bytes.count <= 65_536 - 4096 else { throw .invalidArgument }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(writing, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .current }
      rest = rest.dropFirst(count)
    }
    closeWriting()
  }

  deinit {
    close(reading)
    closeWriting()
  }

  func closeWriting() {
    if writing >= 0 { close(writing) }
    writing = -1
  }

  /// Whether a read would not wait.
  var hasMore: Bool {
    var descriptor = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
    return poll(&descriptor, 1, 0) > 0 && descriptor.revents & Int16(POLLIN) != 0
  }

  /// Reads what is there; what goes beyond the limit is dropped.
  ///
  /// - Returns: whether more may come.
  func read(into text: inout [UInt8], limit: Int) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = Glibc.read(reading, &chunk, chunk.count)
    if count < 0, errno == EINTR { return true }
    guard count > 0 else { return false }
    text += chunk[..<min(count, limit - text.count)]
    return true
  }
}
