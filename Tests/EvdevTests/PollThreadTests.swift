import Platform
import Testing

@testable import Evdev

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite("A thread that sleeps until there is something", .timeLimit(.minutes(1))) struct PollThreadTests {
  private enum Call: Sendable, Equatable {
    case proceed(PollReason)
    case end
  }

  /// Records its calls and answers with the next of a list; when that is used up, waits for ever.
  private struct Recorder: PollWork {
    var watchedDescriptor: Int32?
    var answers: [PollNext]
    let report: @Sendable (Call, Int64) -> Void

    mutating func proceed(_ reason: PollReason, now: Int64) -> PollNext {
      report(.proceed(reason), now)
      return answers.isEmpty ? .wait(until: nil) : answers.removeFirst()
    }

    mutating func end() { report(.end, 0) }
  }

  /// Runs a recorder; the stream ends with the thread.
  private func start(
    answers: [PollNext], watching descriptor: Int32? = nil
  ) throws -> (PollThread, AsyncStream<(Call, Int64)>) {
    let (stream, continuation) = AsyncStream<(Call, Int64)>.makeStream()
    let thread = try PollThread(name: "test") {
      Recorder(watchedDescriptor: descriptor, answers: answers) { call, now in
        continuation.yield((call, now))
        if call == .end { continuation.finish() }
      }
    }
    return (thread, stream)
  }

  @Test("It starts, is woken, and ends when told to")
  func wake() async throws {
    let (thread, stream) = try start(answers: [])
    var calls: [Call] = []
    for await (call, _) in stream {
      calls.append(call)
      if call == .proceed(.started) { thread.wake() }
      if call == .proceed(.woken) { thread.requestStop() }
    }
    #expect(calls == [.proceed(.started), .proceed(.woken), .end])
  }

  @Test("A deadline is kept, never early; one in the past comes at once")
  func deadline() async throws {
    let due = MonotonicClock.now() + 20_000_000
    let (thread, stream) = try start(answers: [.wait(until: due), .wait(until: .min), .finish])
    var calls: [Call] = []
    for await (call, now) in stream {
      if calls == [.proceed(.started)] { #expect(now >= due) }
      calls.append(call)
    }
    #expect(calls == [.proceed(.started), .proceed(.deadline), .proceed(.deadline), .end])
    thread.stop()
  }

  @Test("A deadline in the furthest future neither traps nor comes")
  func farDeadline() async throws {
    let (thread, stream) = try start(answers: [.wait(until: .max)])
    var calls: [Call] = []
    for await (call, _) in stream {
      calls.append(call)
      thread.requestStop()
    }
    #expect(calls == [.proceed(.started), .end])
  }

  @Test("A descriptor with something to read, or whose other end is closed, ends the wait")
  func readable() async throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    let (thread, stream) = try start(answers: [.wait(until: nil), .finish], watching: ends[0])
    var calls: [Call] = []
    for await (call, _) in stream {
      if call == .proceed(.started) { close(ends[1]) }
      calls.append(call)
    }
    #expect(calls == [.proceed(.started), .proceed(.readable), .end])
    thread.stop()
    close(ends[0])
  }

  @Test("stop() returns after the end of the work, and dropping the thread ends it too")
  func stopping() async throws {
    let ended = Locked(false)
    let thread = try PollThread(name: "test") {
      Recorder(answers: []) { call, _ in if call == .end { ended.withLock { $0 = true } } }
    }
    thread.stop()
    #expect(ended.withLock { $0 })
    thread.stop()

    let stream = try start(answers: []).1
    var last: Call?
    for await (call, _) in stream { last = call }
    #expect(last == .end)
  }
}

@Suite("Errors of the kernel by name") struct SystemErrnoTests {
  @Test("The number has the name of errno(3), also the one that only the kernel knows")
  func names() {
    #expect(SystemErrno(code: EBUSY).name == "EBUSY")
    #expect(SystemErrno(code: EACCES).description == "EACCES, Permission denied")
    #expect(SystemErrno(code: 524).name == "ENOTSUPP")
    #expect(SystemErrno(code: 9999).name == "errno 9999")
    #expect(SystemErrno(code: 524).saysUnsupported && !SystemErrno.busy.saysUnsupported)
  }
}
