#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// State that several threads share, behind a POSIX mutex.
///
/// `Synchronization.Mutex` would do the same, but hands a contended lock over inside the kernel, where ThreadSanitizer
/// cannot see it, so that every contended access is reported as a race.
///
/// `@unchecked Sendable` is sound because the state is only touched in ``withLock(_:)``, whose callers in these modules
/// neither keep references into it nor hand out anything from it that is not itself `Sendable`.
package final class Locked<State>: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var state: State

  package init(_ state: State) {
    self.state = state
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    // A mutex with default attributes cannot fail to be made, locked or unlocked on Linux.
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deinitialize(count: 1)
    mutex.deallocate()
  }

  /// Runs `body` with exclusive access. `body` must not block, resume a continuation or take another lock.
  package func withLock<Result>(_ body: (inout State) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(&state)
  }
}
