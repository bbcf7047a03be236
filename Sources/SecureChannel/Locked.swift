#if canImport(Glibc)
  internal import Glibc
#else
  internal import Musl
#endif

/// A value that one thread at a time may touch.
///
/// It stands on `pthread_mutex_t` and not on `Synchronization.Mutex`, because on Linux the kernel itself hands a
/// contended `Mutex` over (FUTEX_LOCK_PI): ThreadSanitizer does not see that and reports races that are none.
final class Locked<Value: Sendable> {
  private var value: Value
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>

  init(_ value: Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    // A mutex with default attributes cannot fail to be made, nor be locked by a thread that does not hold it.
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deinitialize(count: 1)
    mutex.deallocate()
  }

  /// Runs `body` while no other thread is in it. `body` must not call back into the same lock.
  func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}

// SAFETY: `value` is touched only by a thread that holds the mutex, whose address never changes, and what leaves it
// is Sendable.
extension Locked: @unchecked Sendable {}
