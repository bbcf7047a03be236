package import Glibc

/// The address of a Unix socket; `@` in front means the abstract namespace (unix(7)).
package struct UnixSocketAddress {
  private var address = sockaddr_un()
  private let length: socklen_t

  /// Longest path, in bytes.
  package static let maximumPathLength = 107

  /// `nil` where the path is empty or too long.
  package init?(path: String) {
    let bytes = Array(path.utf8)
    guard (1...UnixSocketAddress.maximumPathLength).contains(bytes.count), !bytes.contains(0) else { return nil }
    address.sun_family = sa_family_t(AF_UNIX)
    let isAbstract = bytes[0] == UInt8(ascii: "@")
    withUnsafeMutableBytes(of: &address.sun_path) { target in
      target.copyBytes(from: bytes)
      if isAbstract { target[0] = 0 }
    }
    let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    length = socklen_t(offset + bytes.count + (isAbstract ? 0 : 1))
  }

  /// Calls `body` with the address as the socket functions want it.
  package func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }
}
