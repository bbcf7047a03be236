import Platform

extension AgentThread {
  /// Waits for a task that may take for ever: no longer than a limit, nor than until the current task is cancelled.
  ///
  /// - Returns: whether the task has ended.
  static func wait(for task: Task<Void, Never>, atMost limit: Duration) async -> Bool {
    let (ends, feed) = AsyncStream.makeStream(of: Bool.self)
    _ = start {
      await task.value
      feed.yield(true)
    }
    let timer = start {
      if (try? await sleep(for: limit)) != nil { feed.yield(false) }
    }
    defer { timer.cancel() }
    var iterator = ends.makeAsyncIterator()
    return await iterator.next() ?? false
  }
}

/// Does on a thread of its own what may block: the agent's is for everybody.
func onOwnThread(_ body: @escaping @Sendable () -> Void) async {
  await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
    do {
      _ = try SystemThread(name: "tacc-device") {
        body()
        continuation.resume()
      }
    } catch {
      // Without another thread it is done here, or not at all.
      body()
      continuation.resume()
    }
  }
}
