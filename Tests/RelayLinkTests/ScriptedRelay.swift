import Platform
import Foundation
@testable import RelayLink

import Glibc

/// A WebSocket server on 127.0.0.1 that does exactly what a test tells it to, right or wrong. Each connection runs the
/// script on a thread of its own; what the script throws ends that connection.
final class ScriptedRelay: Sendable {
  let port: UInt16
  private let listener: Int32
  private let running = DispatchGroup()
  private let connections = Locked<[Int32]>([])

  /// - Parameter receiveBuffer: SO_RCVBUF of the connections, to make the client's sends stall early.
  init(receiveBuffer: Int32? = nil, script: @escaping @Sendable (ScriptedPeer) throws -> Void) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    if var size = receiveBuffer {
      setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(listener, generic, length) == 0 && listen(listener, 64) == 0
          && getsockname(listener, generic, &length) == 0
      }
    }
    guard bound else { throw ScriptError.socket(String(cString: strerror(errno))) }
    port = UInt16(bigEndian: address.sin_port)
    self.listener = listener
    let running = running
    running.enter()
    Thread.detachNewThread { [self] in
      defer { running.leave() }
      while true {
        let fd = accept(listener, nil, nil)
        guard fd >= 0 else { return }
        // A script that waits for what never comes fails instead of hanging.
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var noDelay: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
        connections.withLock { $0.append(fd) }
        running.enter()
        Thread.detachNewThread {
          defer { running.leave() }
          let peer = ScriptedPeer(fd: fd)
          try? script(peer)
          self.connections.withLock { $0.removeAll { $0 == fd } }
          peer.close()
        }
      }
    }
  }

  var endpoint: RelayEndpoint {
    get throws { try RelayEndpoint("http://127.0.0.1:\(port)") }
  }

  /// Ends everything; returns when all of the server's threads are gone.
  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    connections.withLock { for fd in $0 { shutdown(fd, Int32(SHUT_RDWR)) } }
    running.wait()
    _ = Glibc.close(listener)
  }
}

enum ScriptError: Error {
  case socket(String)
  case ended
}

/// The server's end of one connection.
final class ScriptedPeer {
  struct Frame: Equatable {
    var opcode: UInt8
    var isFinal: Bool
    var mask: [UInt8]?
    var payload: [UInt8]
    var text: String { String(decoding: payload, as: UTF8.self) }
  }

  private var fd: Int32
  private(set) var head = ""

  init(fd: Int32) { self.fd = fd }
  deinit { close() }

  func close() {
    if fd >= 0 { _ = Glibc.close(fd) }
    fd = -1
  }

  /// Ends the connection with a TCP reset.
  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  func readExactly(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var have = 0
    while have < count {
      let got = bytes.withUnsafeMutableBytes { recv(fd, $0.baseAddress.map { $0 + have }, count - have, 0) }
      guard got > 0 else { throw ScriptError.ended }
      have += got
    }
    return bytes
  }

  func write(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(fd, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw ScriptError.ended }
      sent += count
    }
  }

  func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// Reads the request's head, up to and with the empty line.
  @discardableResult
  func readHead() throws -> String {
    var bytes: [UInt8] = []
    while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) { bytes += try readExactly(1) }
    head = String(decoding: bytes, as: UTF8.self)
    return head
  }

  func answer(_ status: String, headers: [String] = [], body: String = "") throws {
    try readHead()
    let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers
    try write(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
  }

  /// Completes the upgrade; `with` is sent in the same segment.
  func upgrade(with bytes: [UInt8] = []) throws {
    try readHead()
    // libcurl does not verify Sec-WebSocket-Accept, so a constant will do.
    let lines = [
      "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    ]
    try write(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + bytes)
  }

  /// Upgrades and admits to the role of the request's path.
  func admit() throws { try upgrade(with: Self.frame(Wire.hello())) }

  static func frame(_ payload: [UInt8], opcode: UInt8 = 1, isFinal: Bool = true) -> [UInt8] {
    var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
    switch payload.count {
    case ...125: bytes.append(UInt8(payload.count))
    case ...0xFFFF: bytes += [126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    default: bytes += [127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
    }
    return bytes + payload
  }

  static func frame(_ text: String, opcode: UInt8 = 1, isFinal: Bool = true) -> [UInt8] {
    frame(Array(text.utf8), opcode: opcode, isFinal: isFinal)
  }

  func send(_ text: String) throws { try write(Self.frame(text)) }

  func send(close code: UInt16, _ reason: String = "") throws {
    try write(Self.frame([UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8), opcode: 8))
  }

  func readFrame() throws -> Frame {
    let start = try readExactly(2)
    var count = Int(start[1] & 0x7F)
    if count >= 126 {
      count = try readExactly(count == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) }
    }
    let mask = start[1] & 0x80 != 0 ? try readExactly(4) : nil
    var payload = try readExactly(count)
    if let mask { for index in payload.indices { payload[index] ^= mask[index % 4] } }
    return Frame(opcode: start[0] & 0x0F, isFinal: start[0] & 0x80 != 0, mask: mask, payload: payload)
  }

  /// Reads frames until one with this opcode; the others are dropped.
  func readFrame(opcode: UInt8) throws -> Frame {
    while true {
      let frame = try readFrame()
      if frame.opcode == opcode { return frame }
    }
  }

  /// Reads until the client ends the connection.
  func readToEnd() throws {
    while true { _ = try readExactly(1) }
  }
}

/// The relay's messages as a relay writes them.
enum Wire {
  static let code = "ABCD2345"
  static let id = [UInt8](0..<16)

  static func hello(code: String = code, role: String = "alice", id: [UInt8] = id) -> String {
    message(
      "hello",
      #"{"session_code":"\#(code)","role":"\#(role)","session_id_b64":"\#(base64(id))","expires_at":1700000000.25}"#)
  }

  static func message(_ type: String, _ payload: String) -> String {
    #"{"type":"\#(type)","proto":"TACCV2","ver":4,"payload":\#(payload)}"#
  }

  static func relayed(from role: String = "bob", _ message: String) -> String {
    self.message("relay", #"{"from":"\#(role)","msg":\#(message)}"#)
  }

  static func packet(_ bytes: [UInt8], from role: String = "bob") -> String {
    relayed(from: role, message("packet", #"{"data_b64":"\#(base64(bytes))"}"#))
  }

  static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}

/// Options for a server on the same machine.
func localOptions(_ change: (inout RelayLinkOptions) -> Void = { _ in }) -> RelayLinkOptions {
  var options = RelayLinkOptions()
  options.usesEnvironmentProxy = false
  change(&options)
  return options
}

/// A generator whose seed can be printed and given again (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
  }
}
