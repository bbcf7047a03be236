// Dispatch's signal sources are thread-safe but not marked Sendable.
@preconcurrency import Dispatch
import Glibc

/// What the process is told by signals.
public enum ProcessSignal: Sendable, Hashable {
  /// SIGTERM or SIGINT: end.
  case terminate
  /// SIGHUP: read the configuration again.
  case reload
  /// SIGUSR1: as the button.
  case press

  /// The signals from now on; their default effects are off for the rest of the process's life.
  public static func all() -> AsyncStream<ProcessSignal> {
    AsyncStream { continuation in
      let meanings: [(Int32, ProcessSignal)] = [
        (SIGTERM, .terminate), (SIGINT, .terminate), (SIGHUP, .reload), (SIGUSR1, .press),
      ]
      let sources = meanings.map { number, meaning in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { continuation.yield(meaning) }
        source.resume()
        return source
      }
      continuation.onTermination = { _ in for source in sources { source.cancel() } }
    }
  }
}
