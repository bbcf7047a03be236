import Glibc

/// One TCP connection: bytes that came and were not used yet, and bytes that the system has not taken yet.
final class Stream {
  private let descriptor: Int32
  private unowned let poller: Poller
  private var input = [UInt8](repeating: 0, count: 16 * 1024)
  private var start = 0
  private var end = 0
  private var output: [UInt8] = []
  private(set) var isOpen = true

  /// Called after every read, and once when the connection has ended.
  var onBytes: (() -> Void)?

  init(_ descriptor: Int32, poller: Poller) {
    self.descriptor = descriptor
    self.poller = poller
  }

  /// What came and was not used yet.
  var unread: ArraySlice<UInt8> { input[start..<end] }

  /// Looks at what came and was not used yet; `body` returns how much of it is used now.
  func consume(_ body: (UnsafeBufferPointer<UInt8>) -> Int) {
    start += input.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[start..<end])) }
    if start == end { (start, end) = (0, 0) }
  }

  func read() {
    guard isOpen else { return }
    if end == input.count {
      if start > 0 {
        input.removeFirst(start)
        (start, end) = (0, end - start)
      }
      input += [UInt8](repeating: 0, count: max(16 * 1024, input.count * 2) - input.count)
    }
    let count = input.withUnsafeMutableBytes { bytes in
      recv(descriptor, bytes.baseAddress?.advanced(by: end), bytes.count - end, 0)
    }
    if count > 0 {
      end += count
    } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
      close()
    }
    onBytes?()
  }

  func send(_ bytes: [UInt8]) {
    guard isOpen else { return }
    guard output.isEmpty else {
      output += bytes
      return
    }
    let sent = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    if sent == bytes.count { return }
    guard sent >= 0 || errno == EAGAIN else { return close() }
    output = Array(bytes[max(0, sent)...])
    poller.watch(descriptor, forRoom: true)
  }

  func flush() {
    guard !output.isEmpty else { return }
    let sent = Glibc.send(descriptor, output, output.count, Int32(MSG_NOSIGNAL))
    guard sent >= 0 || errno == EAGAIN else { return close() }
    output.removeFirst(max(0, sent))
    if output.isEmpty { poller.watch(descriptor, forRoom: false) }
  }

  func close() {
    guard isOpen else { return }
    isOpen = false
    poller.forget(descriptor)
  }
}
