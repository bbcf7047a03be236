internal import Platform

/// Threads of the operating system, for calls that block: Swift's own pool must never wait for a network.
enum LinkThread {
  /// What other tools call such a thread.
  static let name = "relay-link"

  /// Starts a thread.
  static func start(_ body: @escaping @Sendable () -> Void) throws(RelayLinkError) -> SystemThread {
    do throws(SystemErrno) {
      return try SystemThread(name: name, body)
    } catch {
      throw .resourcesExhausted("pthread_create: \(error)")
    }
  }
}

/// Runs a blocking function on a thread of its own and returns its result, without blocking Swift's pool.
func onOwnThread<Value: Sendable>(
  _ body: @escaping @Sendable () -> Result<Value, RelayLinkError>
) async throws(RelayLinkError) -> Value {
  let result = OneShot<Result<Value, RelayLinkError>>()
  let thread = try LinkThread.start { result.fulfil(body()) }
  let value = await result.value()
  thread.join()
  return try value.get()
}
