internal import Platform
internal import Synchronization

/// What other threads ask of a link's thread, and how they learn that it ended.
final class LinkMailbox: Sendable {
  /// What the owner wants; it only ever rises.
  enum Wish: Int, Comparable {
    case stayOpen
    /// Send what is queued, say goodbye, end.
    case close
    /// End now.
    case abandon

    static func < (left: Wish, right: Wish) -> Bool { left.rawValue < right.rawValue }
  }

  private struct State {
    var messages = FIFO<[UInt8]>()
    /// Bytes of messages not yet handed to the kernel, those in the thread's own buffer included.
    var pendingBytes = 0
    var wish = Wish.stayOpen
    var hasEnded = false
    var endWaiters: [CheckedContinuation<Void, Never>] = []
  }

  let waker: WakeDescriptor
  private let state = Locked(State())
  /// Read by libcurl's progress callback while it connects, when nobody polls the waker.
  private let abandonFlag = Atomic(false)

  init() throws(RelayLinkError) {
    do throws(SystemErrno) {
      waker = try WakeDescriptor()
    } catch {
      throw .resourcesExhausted("eventfd: \(error)")
    }
  }

  var isAbandoned: Bool { abandonFlag.load(ordering: .acquiring) }
  var wish: Wish { state.withLock { $0.wish } }

  /// Queues text messages, in order: all of them or none.
  func post(_ messages: [[UInt8]]) throws(RelayLinkError) {
    let count = messages.reduce(0) { $0 + $1.count }
    let (problem, areFirst): (RelayLinkError?, Bool) = state.withLock { state in
      guard state.wish == .stayOpen, !state.hasEnded else { return (.closed, false) }
      guard count <= RelayConnection.outboundLimit - state.pendingBytes else {
        return (.outboundQueueFull(queued: state.pendingBytes), false)
      }
      state.pendingBytes += count
      let areFirst = state.messages.isEmpty
      for message in messages { state.messages.append(message) }
      return (nil, areFirst)
    }
    if let problem { throw problem }
    // Behind others they need no call: the thread sleeps only when it has taken all, or until the socket has room.
    if areFirst { waker.wake() }
  }

  func ask(_ wish: Wish) {
    if wish == .abandon { abandonFlag.store(true, ordering: .releasing) }
    state.withLock { $0.wish = max($0.wish, wish) }
    waker.wake()
  }

  /// Returns when the thread has released everything it held.
  func ended() async {
    await withCheckedContinuation { continuation in
      let over = state.withLock { state in
        if !state.hasEnded { state.endWaiters.append(continuation) }
        return state.hasEnded
      }
      if over { continuation.resume() }
    }
  }

  // MARK: The thread's side

  func takeMessage() -> [UInt8]? { state.withLock { $0.messages.popFirst() } }

  /// Makes room for bytes that were handed to the kernel.
  func release(_ bytes: Int) { state.withLock { $0.pendingBytes -= bytes } }

  /// The thread's last word.
  func end() {
    waker.closeDescriptor()
    let waiters = state.withLock { state in
      state.hasEnded = true
      state.messages.removeAll()
      defer { state.endWaiters = [] }
      return state.endWaiters
    }
    for waiter in waiters { waiter.resume() }
  }
}
