import Glibc

/// This process's sockets that were accepted on a TCP port of 127.0.0.1 and are connected.
package func acceptedSockets(onPort port: Int) -> [Int32] {
  (0..<1024).filter { descriptor in
    address(descriptor, getsockname) == port && address(descriptor, getpeername) != nil
  }
}

/// An integer option of a socket; nil where it has none.
package func socketOption(_ level: Int32, _ name: Int32, of descriptor: Int32) -> Int32? {
  var value: Int32 = 0
  var length = socklen_t(MemoryLayout<Int32>.size)
  return getsockopt(descriptor, level, name, &value, &length) == 0 ? value : nil
}

private func address(
  _ descriptor: Int32, _ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
) -> Int? {
  var address = sockaddr_in()
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let status = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask(descriptor, $0, &length) }
  }
  guard status == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
  return Int(UInt16(bigEndian: address.sin_port))
}
