/// Where a relay is: an `http`, `https`, `ws` or `wss` base URL, optionally with a path in front of the relay's own.
///
/// `https` and `wss` mean the same relay, as do `http` and `ws`; both forms are derived. The grammar is the part of
/// RFC 3986 that a relay address needs; whatever could make two parsers disagree about the host (user information,
/// backslashes, percent signs in it, control characters) is refused.
public struct RelayEndpoint: Sendable, Hashable {
  /// Whether TLS is used.
  public let isSecure: Bool
  /// A name or an address, in lower case; an IPv6 address without its brackets.
  public let host: String
  /// 1 to 65,535; 443 with TLS and 80 without, unless given.
  public let port: Int
  /// The path in front of the relay's own: empty, or `/` and what follows, without a `/` at the end.
  public let pathPrefix: String

  /// Longest address accepted, in bytes.
  static let maximumLength = 1024

  /// Reads a base URL.
  ///
  /// - Parameter text: for example `https://relay.example`, `wss://relay.example:8443/tacc/`, `http://[fd00::5]:8000`.
  /// - Throws: ``RelayLinkError/invalidEndpoint(_:)`` with what is wrong.
  public init(_ text: String) throws(RelayLinkError) {
    guard text.utf8.count <= Self.maximumLength else {
      throw .invalidEndpoint("it is longer than \(Self.maximumLength) bytes")
    }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw .invalidEndpoint(
        "it contains a space, a control character or a character outside ASCII "
          + "(write an international name in its xn-- form)")
    }
    guard let separator = text.firstRange(of: "://") else {
      throw .invalidEndpoint("it does not start with http://, https://, ws:// or wss://")
    }
    switch text[..<separator.lowerBound].lowercased() {
    case "http", "ws": isSecure = false
    case "https", "wss": isSecure = true
    default: throw .invalidEndpoint("its scheme is not http, https, ws or wss")
    }
    let rest = text[separator.upperBound...]
    if rest.contains("?") || rest.contains("#") {
      throw .invalidEndpoint("it has a query or a fragment ('?' or '#')")
    }
    if rest.contains("\\") { throw .invalidEndpoint("it contains a backslash") }
    let pathStart = rest.firstIndex(of: "/") ?? rest.endIndex
    let authority = rest[..<pathStart]
    if authority.contains("@") {
      throw .invalidEndpoint("it contains a user name or password ('@'), and a relay has no accounts")
    }
    let portText: Substring?
    (host, portText) = try Self.split(authority: authority)
    port = try Self.parse(port: portText, isSecure: isSecure)
    pathPrefix = try Self.normalise(path: rest[pathStart...])
  }

  /// The base URL for HTTP requests, without a `/` at the end.
  public var httpBase: String { (isSecure ? "https://" : "http://") + authority + pathPrefix }

  /// The base URL for WebSockets, without a `/` at the end.
  public var webSocketBase: String { (isSecure ? "wss://" : "ws://") + authority + pathPrefix }

  private var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }

  private static func split(authority: Substring) throws(RelayLinkError) -> (host: String, port: Substring?) {
    let host: Substring
    let tail: Substring
    if authority.first == "[" {
      guard let end = authority.firstIndex(of: "]") else {
        throw .invalidEndpoint("the bracket around its IPv6 address is not closed")
      }
      host = authority[authority.index(after: authority.startIndex)..<end]
      tail = authority[authority.index(after: end)...]
      guard host.contains(":"),
        host.utf8.allSatisfy({ isHexDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
      else { throw .invalidEndpoint("what is in brackets is not an IPv6 address") }
    } else {
      let end = authority.firstIndex(of: ":") ?? authority.endIndex
      host = authority[..<end]
      tail = authority[end...]
      guard !host.isEmpty else { throw .invalidEndpoint("it names no host") }
      guard host.utf8.count <= 253, host.utf8.allSatisfy(isHostByte), !host.hasPrefix("."), !host.contains("..") else {
        throw .invalidEndpoint("its host is not a name or an address")
      }
    }
    guard !tail.isEmpty else { return (host.lowercased(), nil) }
    guard tail.first == ":" else { throw .invalidEndpoint("something other than a port follows its host") }
    return (host.lowercased(), tail.dropFirst())
  }

  private static func parse(port: Substring?, isSecure: Bool) throws(RelayLinkError) -> Int {
    guard let port else { return isSecure ? 443 : 80 }
    // Int(_:) alone would accept a sign.
    guard port.utf8.count <= 5, port.utf8.allSatisfy(isDigit), let number = Int(port), (1...65_535).contains(number)
    else { throw .invalidEndpoint("its port is not a number from 1 to 65535") }
    return number
  }

  private static func normalise(path: Substring) throws(RelayLinkError) -> String {
    var path = path
    while path.last == "/" { path = path.dropLast() }
    guard !path.isEmpty else { return "" }
    for segment in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      guard !segment.isEmpty, segment != ".", segment != "..", segment.utf8.allSatisfy(isPathByte) else {
        throw .invalidEndpoint("its path has an empty or dot segment, or a character other than A-Z a-z 0-9 . _ ~ -")
      }
    }
    return String(path)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  private static func isHexDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x66).contains(byte | 0x20) }
  private static func isHostByte(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x61...0x7A).contains(byte | 0x20) || "-._".utf8.contains(byte)
  }
  private static func isPathByte(_ byte: UInt8) -> Bool { isHostByte(byte) || byte == UInt8(ascii: "~") }
}

extension RelayEndpoint: CustomStringConvertible {
  /// The HTTP form.
  public var description: String { httpBase }
}

extension StringProtocol {
  /// Where `needle` first occurs, without Foundation.
  fileprivate func firstRange(of needle: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
      formIndex(after: &start)
    }
    return nil
  }
}
