import Glibc
import Platform

/// The other end of the control socket, for the command line.
public struct ControlClient: Sendable {
  /// Where the agent listens.
  public let path: String
  /// How long to wait for an agent that should answer at once, seconds.
  static let patience = 10

  /// A client of the agent at this socket.
  public init(path: String) { self.path = path }

  /// Sends a request and hands over the answers until the last.
  ///
  /// - Parameters:
  ///   - request: what to ask.
  ///   - receive: called with each answer, in order.
  public func ask(
    _ request: ControlRequest, _ receive: (ControlAnswer) throws -> Void
  ) throws {
    guard let address = UnixSocketAddress(path: path) else { throw ControlError.invalidPath(path) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw ControlError.system(operation: "socket for", path: path, code: errno) }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: ControlClient.patience, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    // Limits connect(2) too, where the agent does not get round to accepting (socket(7), unix(7)).
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    // Whoever follows may wait for long.
    if !request.follow { setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size) }
    guard address.withPointer({ connect(descriptor, $0, $1) }) == 0 else {
      throw ControlError.system(operation: "cannot reach the agent at", path: path, code: errno)
    }
    let line = Array(try request.line())
    // EPIPE: it has closed the connection already, and said why before that.
    guard send(descriptor, line, line.count, Int32(MSG_NOSIGNAL)) == line.count || errno == EPIPE else {
      throw ControlError.system(operation: "cannot ask the agent at", path: path, code: errno)
    }
    var buffer: [UInt8] = []
    while true {
      while let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
        let answer: ControlAnswer
        do {
          answer = try ControlAnswer(line: Array(buffer[..<end]))
        } catch {
          throw ControlError.brokenAnswer("a line that is no answer")
        }
        buffer.removeSubrange(...end)
        try receive(answer)
        if answer.done { return }
      }
      guard buffer.count < 65_536 else { throw ControlError.brokenAnswer("a line without end") }
      var chunk = [UInt8](repeating: 0, count: 4096)
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw ControlError.system(operation: "cannot read from the agent at", path: path, code: errno)
      }
      guard count > 0 else { throw ControlError.brokenAnswer("it closed the connection") }
      buffer += chunk[..<count]
    }
  }
}
