import Glibc

/// The relay under load: an IPv4 address and a port, reached from one or from many loopback addresses.
final class Target {
  let host: String
  let port: Int
  private let sources: Int
  private var next = 0
  private var address = sockaddr_in()

  /// - Parameter sources: Loopback addresses to connect from in turn, since a relay bounds the sessions of one; 0 for
  ///   whichever the system takes.
  init(host: String, port: Int, sources: Int) throws(BenchError) {
    self.host = host
    self.port = port
    self.sources = sources
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
    guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
      throw BenchError("--host is \(host), but must be an IPv4 address such as 127.0.0.1")
    }
  }

  func connect() throws(BenchError) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw .system("no socket") }
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    if sources > 0 { try bindSource(descriptor) }
    let status = withUnsafeBytes(of: &address) {
      Glibc.connect(
        descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(MemoryLayout<sockaddr_in>.size))
    }
    guard status == 0 else {
      close(descriptor)
      throw .system("cannot connect to \(host) port \(port)")
    }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    return descriptor
  }

  private func bindSource(_ descriptor: Int32) throws(BenchError) {
    next = (next + 1) % sources
    var source = sockaddr_in()
    source.sin_family = sa_family_t(AF_INET)
    // 127.1.0.0 and up; the port is chosen when the connection is made, so that it need not be free for all targets.
    source.sin_addr.s_addr = in_addr_t(0x7F01_0001 + UInt32(next)).bigEndian
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, &one, socklen_t(MemoryLayout<Int32>.size))
    let status = withUnsafeBytes(of: &source) {
      bind(
        descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(MemoryLayout<sockaddr_in>.size))
    }
    guard status == 0 else {
      close(descriptor)
      throw .system("cannot bind to a loopback address")
    }
  }
}
