import Foundation
import Platform

/// A value that tests share between threads, behind a lock that ThreadSanitizer understands.
typealias Locked = Platform.Locked

/// Runs what blocks on a thread of its own, so that the pool of Swift's tasks is not used up.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
  }
}
