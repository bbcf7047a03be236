import Foundation
import Platform

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
  /// The socket's file, as bound.
  private let file: FileIdentity?
  private let connections = Locked(Connections())

  /// Opens the socket; a stale one is replaced, one that somebody serves is not.
  ///
  /// - Parameters:
  ///   - group: name of the group that may use it besides the owner; `nil` for the owner alone.
  ///   - give: changes the group of a path; 0, or -1 and errno, as chown(2).
  init(
    path: String, group: String?, give: (String, gid_t) -> Int32 = { chown($0, uid_t.max, $1) }
  ) throws(ControlError) {
    guard let address = UnixSocketAddress(path: path) else { throw .invalidPath(path) }
    var groupID: gid_t?
    if let group {
      guard let entry = getgrnam(group) else { throw .unknownGroup(group) }
      groupID = entry.pointee.gr_gid
    }
    try ControlServer.clear(path, address)
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .unavailable(operation: "socket for", path: path, code: errno) }
    var isBound = false
    func fail(_ operation: String) -> ControlError {
      let code = errno
      close(descriptor)
      if isBound { unlink(path) }
      return .unavailable(operation: operation, path: path, code: code)
    }
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
    isBound = true
    if let group, let groupID {
      guard give(path, groupID) == 0 else {
        // chown(2): an owner without privileges may name only a group that it is in.
        let isForbidden = errno == EPERM
        let error = fail("cannot give the control socket to its group:")
        throw isForbidden ? .groupRefused(group, path: path) : error
      }
      guard chmod(path, 0o660) == 0 else { throw fail("cannot open the control socket to its group:") }
    }
    guard listen(descriptor, 8) == 0 else { throw fail("cannot listen on") }
    self.path = path
    self.descriptor = descriptor
    file = FileIdentity(path)
  }

  /// Makes way for a socket: removes one that an agent left behind which was killed.
  private static func clear(_ path: String, _ address: UnixSocketAddress) throws(ControlError) {
    let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let probe = socket(AF_UNIX, flags, 0)
    guard probe >= 0 else { throw .unavailable(operation: "socket for", path: path, code: errno) }
    defer { close(probe) }
    let status = address.withPointer { connect(probe, $0, $1) }
    // EAGAIN: somebody listens there, but does not get round to those who wait already.
    if status == 0 || errno == EAGAIN { throw .inUse(path: path) }
    // A file that is no socket is somebody else's.
    var found = stat()
    if errno == ECONNREFUSED, lstat(path, &found) == 0, found.st_mode & S_IFMT == S_IFSOCK { unlink(path) }
  }

  /// Whether the socket is still where clients look for it.
  var isInPlace: Bool { file != nil && FileIdentity(path) == file }

  /// Serves until ``stop()``.
  ///
  /// - Parameter handler: called from some thread with each request and the connection to answer on.
  /// - Throws: where the system gives no thread for it; the socket is gone then.
  func start(_ handler: @escaping @Sendable (ControlRequest, ControlConnection) -> Void) throws(ControlError) {
    do {
      _ = try SystemThread(name: "tacc-control") { [self] in serve(handler) }
    } catch {
      stop()
      close(descriptor)
      throw .unavailable(operation: "start a thread for", path: path, code: error.code)
    }
  }

  private func serve(_ handler: @escaping @Sendable (ControlRequest, ControlConnection) -> Void) {
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
      guard let connection = admit(accepted) else { continue }
      do {
        _ = try SystemThread(name: "tacc-client") { ControlServer.answer(accepted, connection, handler) }
      } catch {
        connection.send(
          .refusal("the agent gets no thread for a request now (\(String(cString: strerror(error.code)))); try again"))
        connection.end()
      }
    }
    close(descriptor)
  }

  private static func answer(
    _ accepted: Int32, _ connection: ControlConnection,
    _ handler: @Sendable (ControlRequest, ControlConnection) -> Void
  ) {
    do {
      let request = try readRequest(accepted)
      connection.hasAsked.store(true, ordering: .releasing)
      handler(request, connection)
    } catch {
      connection.send(
        .refusal("no request: one line of JSON was expected, such as {\"command\":\"status\",\"follow\":false}"))
      connection.end()
    }
  }

  /// The connection of a new client, or `nil` where it was sent away because there are too many.
  private func admit(_ accepted: Int32) -> ControlConnection? {
    for connection in connections.withLock({ $0.open.values.compactMap(\.connection) })
    where connection.hasLeft { connection.end() }
    let number = connections.withLock { connections in
      connections.next += 1
      return connections.next
    }
    let connection = ControlConnection(descriptor: accepted) { [weak self] in
      self?.connections.withLock { _ = $0.open.removeValue(forKey: number) }
    }
    let isAdmitted = connections.withLock { connections in
      guard connections.open.count < ControlServer.maximumConnections else { return false }
      connections.open[number] = WeakConnection(connection: connection)
      return true
    }
    if isAdmitted { return connection }
    connection.send(.refusal("the agent serves \(ControlServer.maximumConnections) others; try again"))
    connection.end()
    return nil
  }

  /// Stops listening and removes the socket. Connections that are being followed stay for their holders to end.
  func stop() {
    // One that took its place is another agent's.
    if isInPlace { unlink(path) }
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  private struct WeakConnection { weak var connection: ControlConnection? }

  private struct Connections {
    var open: [Int: WeakConnection] = [:]
    var next = 0
  }

  /// What tells a file from another at the same path.
  private struct FileIdentity: Hashable {
    let device: dev_t
    let inode: ino_t

    init?(_ path: String) {
      var status = stat()
      guard lstat(path, &status) == 0 else { return nil }
      (device, inode) = (status.st_dev, status.st_ino)
    }
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
