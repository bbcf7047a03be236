import CEpoll
import Glibc

/// Waits for many sockets at once and tells each when it has something to read or room to write (epoll(7)).
///
/// A load generator has to be cheaper than what it loads: one thread, no locks, no futures.
final class Poller {
  private let epoll = epoll_create1(0)
  private var streams: [Int32: Stream] = [:]
  private var events = [epoll_event](repeating: epoll_event(), count: 256)

  /// Sockets that are open.
  var count: Int { streams.count }

  /// Opens a TCP connection.
  func connect(to target: Target) throws(BenchError) -> Stream {
    let descriptor = try target.connect()
    let stream = Stream(descriptor, poller: self)
    streams[descriptor] = stream
    watch(descriptor, EPOLL_CTL_ADD, forRoom: false)
    return stream
  }

  /// Has `descriptor` reported when it can be read, and `forRoom` when it can be written.
  func watch(_ descriptor: Int32, forRoom: Bool) { watch(descriptor, EPOLL_CTL_MOD, forRoom: forRoom) }

  private func watch(_ descriptor: Int32, _ operation: Int32, forRoom: Bool) {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue | (forRoom ? EPOLLOUT.rawValue : 0)
    event.data.fd = descriptor
    epoll_ctl(epoll, operation, descriptor, &event)
  }

  func forget(_ descriptor: Int32) {
    streams[descriptor] = nil
    close(descriptor)
  }

  /// Serves the sockets until `isDone`, or until `deadline` in the clock's seconds.
  func run(until deadline: Double = .infinity, isDone: () -> Bool) {
    while !isDone() {
      let left = deadline - Clock.now()
      guard left > 0 else { return }
      let ready = epoll_wait(epoll, &events, Int32(events.count), Int32(min(left * 1000 + 1, 1000)))
      guard ready > 0 else { continue }
      for event in events[0..<Int(ready)] {
        guard let stream = streams[event.data.fd] else { continue }
        if event.events & EPOLLOUT.rawValue != 0 { stream.flush() }
        if event.events & ~EPOLLOUT.rawValue != 0 { stream.read() }
      }
    }
  }
}

enum Clock {
  /// Monotonic seconds.
  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  static func system(_ what: String) -> BenchError { BenchError("\(what): \(String(cString: strerror(errno)))") }
}
