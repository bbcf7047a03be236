internal import CProcess
import Foundation

/// A shell command whose standard input and output are pipes; its errors go where this program's go.
///
/// It is a process group of its own, so that all of it can be ended. `@unchecked Sendable` is sound because all stored
/// properties are constants.
final class PipedCommand: @unchecked Sendable {
  /// Where to write what it reads, and to read what it writes.
  let input: BlockingIO
  let output: BlockingIO
  private let child: pid_t

  init(_ command: String) throws(CourierError) {
    var toChild: [Int32] = [-1, -1]
    var fromChild: [Int32] = [-1, -1]
    guard cprocess_pipe(&toChild) == 0, cprocess_pipe(&fromChild) == 0 else {
      throw .file("no pipe for the command: \(String(cString: strerror(errno)))")
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The ends are above 2: the standard descriptors are all open in this program.
    posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
    posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
    cprocess_add_close_from(&actions, 3)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var started: pid_t = 0
    let texts = ["sh", "-c", command]
    let arguments: [UnsafeMutablePointer<CChar>?] = texts.map { (text: String) in strdup(text) } + [nil]
    defer { for argument in arguments { free(argument) } }
    let status = posix_spawn(&started, "/bin/sh", &actions, &attributes, arguments, environ)
    close(toChild[0])
    close(fromChild[1])
    guard status == 0 else {
      close(toChild[1])
      close(fromChild[0])
      throw .file("cannot start /bin/sh: \(String(cString: strerror(status)))")
    }
    child = started
    input = BlockingIO(toChild[1], label: "tacc-command-input")
    output = BlockingIO(fromChild[0], label: "tacc-command-output")
  }

  /// Waits until it has ended.
  ///
  /// - Returns: its exit status; 128 and the signal's number where one ended it, as shells have it.
  func ended() async -> Int32 {
    let child = child
    return await withCheckedContinuation { continuation in
      // A queue of its own: it may take for ever.
      DispatchQueue(label: "tacc-command-end").async {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        continuation.resume(returning: signal == 0 ? status >> 8 & 0xFF : 128 + signal)
      }
    }
  }

  /// Tells all of it to end; what has left the group notices that nobody writes to it any longer.
  func end() {
    kill(-child, SIGTERM)
    input.close()
  }
}
