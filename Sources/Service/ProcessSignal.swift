internal import Glibc
internal import Platform

/// What the process is told by signals.
public enum ProcessSignal: Sendable, Hashable {
  /// SIGTERM or SIGINT: end.
  case terminate
  /// SIGHUP: read the configuration again.
  case reload
  /// SIGUSR1: as the button.
  case press

  private static let meanings: [Int32: ProcessSignal] = [
    SIGTERM: .terminate, SIGINT: .terminate, SIGHUP: .reload, SIGUSR1: .press,
  ]

  /// The signals from now on, taken by a thread that sleeps until one comes.
  ///
  /// They are blocked in the calling thread and in those it starts from now on, so that no other thread is interrupted by
  /// one: call it first thing in `main`.
  ///
  /// - Throws: `SystemErrno` where the system gives no thread to wait for them.
  public static func all() throws -> AsyncStream<ProcessSignal> {
    var set = sigset_t()
    sigemptyset(&set)
    for number in meanings.keys { sigaddset(&set, number) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    let (stream, continuation) = AsyncStream.makeStream(of: ProcessSignal.self)
    let waited = set
    _ = try SystemThread(name: "tacc-signals") {
      var set = waited
      var number: Int32 = 0
      while sigwait(&set, &number) == 0 {
        if let meaning = meanings[number] { continuation.yield(meaning) }
      }
    }
    return stream
  }
}
