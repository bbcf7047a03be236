import Foundation
import Synchronization

/// The agent's control socket: requests of local programs, one a connection.
///
/// Who may connect is decided by the socket's owner, group and mode. A thread waits for connections; each connection's
/// request is read on a thread of its own, of which there are at most ``maximumConnections``.
final class ControlServer: Sendable {
  /// Connections served or followed at the same time.
  static let maximumConnections = 16
  /// Longest request, bytes.
  static let maximumRequest = 4096
  /// How long a client may take to send it, milliseconds.
  private static let requestTimeout: Int32 = 5000

  private let path: String
  private let descriptor: Int32
  private let open = Atomic(0)

  /// Opens the socket; a stale one is replaced, one that somebody serves is not.
  ///
  /// - Parameter group: name of the group that may use it besides the owner; `nil` for the owner alone.
  init(path: String, group: String?) throws(ControlError) {
    guard let address = UnixSocketAddress(path: path) else { throw .invalidPath(path) }
    var groupID: gid_t?
    if let group {
      guard let entry = getgrnam(group) else { throw .unknownGroup(group) }
      groupID = entry.pointee.gr_gid
    }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .unavailable(operation: "socket for", path: path, code: errno) }
    func fail(_ operation: String) -> ControlError {
      let code = errno
      close(descriptor)
      return .unavailable(operation: operation, path: path, code: code)
    }
    if address.withPointer({ connect(descriptor, $0, $1) }) == 0 {
      close(descriptor)
      throw .inUse(path: path)
    }
    // Left behind by an agent that was killed; a file that is no socket is somebody else's.
    var status = stat()
    if errno == ECONNREFUSED, lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { unlink(path) }
    // The service manager makes it; whoever starts the agent by hand has none.
    mkdir(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]), 0o755)
    // Nobody else may connect before group and mode are set.
    let previous = umask(0o177)
    let bound = address.withPointer { bind(descriptor, $0, $1) }
    let code = errno
    umask(previous)
    guard bound == 0 else {
      errno = code
      throw fail("cannot bind the control socket")
    }
    if let groupID {
      guard chown(path, uid_t.max, groupID) == 0, chmod(path, 0o660) == 0 else {
        throw fail("cannot give the control socket to its group:")
      }
    }
    guard listen(descriptor, 8) == 0 else { throw fail("cannot listen on") }
    self.path = path
    self.descriptor = descriptor
  }

  /// Serves until ``stop()``.
  ///
  /// - Parameter handler: called from some thread with each request and the connection to answer on.
  func start(_ handler: @escaping @Sendable (ControlRequest, ControlConnection) -> Void) {
    Thread.detachNewThread { [self] in
      while true {
        let accepted = accept(descriptor, nil, nil)
        if accepted < 0 {
          if errno == EINTR || errno == ECONNABORTED { continue }
          // Out of descriptors or memory: what is open will be closed in time.
          if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) {
            poll(nil, 0, 100)
            continue
          }
          break
        }
        _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
        let connection = ControlConnection(descriptor: accepted) { [self] in
          _ = open.subtract(1, ordering: .relaxed)
        }
        guard open.add(1, ordering: .relaxed).newValue <= ControlServer.maximumConnections else {
          connection.send(.refusal("the agent serves \(ControlServer.maximumConnections) others; try again"))
          connection.end()
          continue
        }
        Thread.detachNewThread {
          do {
            handler(try ControlServer.readRequest(accepted), connection)
          } catch {
            connection.send(
              .refusal("no request: one line of JSON was expected, such as {\"command\":\"status\",\"follow\":false}"))
            connection.end()
          }
        }
      }
      close(descriptor)
    }
  }

  /// Stops listening and removes the socket. Connections that are being followed stay for their holders to end.
  func stop() {
    unlink(path)
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  private struct NoRequest: Error {}

  private static func readRequest(_ descriptor: Int32) throws -> ControlRequest {
    var line: [UInt8] = []
    let deadline = ContinuousClock.now + .milliseconds(Int(requestTimeout))
    while line.count <= maximumRequest {
      let left = (deadline - .now).components
      let milliseconds = Int32(left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000)
      guard milliseconds > 0 else { throw NoRequest() }
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, milliseconds) > 0 else { throw NoRequest() }
      var chunk = [UInt8](repeating: 0, count: 1024)
      let count = read(descriptor, &chunk, chunk.count)
      guard count > 0 else { throw NoRequest() }
      line += chunk[..<count]
      if let end = line.firstIndex(of: UInt8(ascii: "\n")) { return try ControlRequest(line: Array(line[..<end])) }
    }
    throw NoRequest()
  }
}

/// One client's connection; it is closed when it is ended, or dropped.
final class ControlConnection: Sendable {
  private let descriptor: Mutex<Int32?>
  private let onEnd: @Sendable () -> Void

  init(descriptor: Int32, onEnd: @escaping @Sendable () -> Void) {
    self.descriptor = Mutex(descriptor)
    self.onEnd = onEnd
  }

  deinit { end() }

  /// Sends an answer; a client that is gone or does not read is given up.
  ///
  /// - Returns: whether the client is still there.
  @discardableResult
  func send(_ answer: ControlAnswer) -> Bool {
    let line = answer.line
    let sent = descriptor.withLock { descriptor in
      guard let descriptor else { return false }
      // A line is far smaller than the socket's buffer: less than all of it means that the client does not read.
      return Glibc.send(descriptor, line, line.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        == line.count
    }
    if !sent { end() }
    return sent
  }

  /// Closes the connection.
  func end() {
    let open = descriptor.withLock { descriptor in
      defer { descriptor = nil }
      return descriptor
    }
    guard let open else { return }
    close(open)
    onEnd()
  }
}
