/// Why the relay could not be reached, joined or written to. The descriptions say what to do.
///
/// Associated text that comes from the network is bounded and free of control characters.
public enum RelayLinkError: Error, Sendable, Hashable {
  /// The libcurl found at run time is too old or was built without WebSocket.
  case unsuitableLibcurl(version: String, problem: String)
  /// The relay's address is not one that can be used; the text says what is wrong with it.
  case invalidEndpoint(String)
  /// Not 8 characters of the relay's alphabet.
  case invalidSessionCode
  /// Not 1 to 64 characters of `A-Za-z0-9._-`.
  case invalidRoom
  /// The options cannot work; the text says which.
  case invalidOptions(String)
  /// The relay does not know the session code, or no longer.
  case unknownSession
  /// The relay refused the role (an `error` message or none, then close code 1008).
  case roleRefused(RelayRole, reason: String)
  /// The relay closed the connection before it said `hello` or `matched`.
  case closedWhileJoining(code: UInt16?, reason: String)
  /// The relay allows this address no more sessions for now (HTTP 429).
  case tooManySessions
  /// Something answered with an HTTP status that a relay does not give.
  case notARelay(status: Int)
  /// The relay answered with something that is not the protocol `TACCV2`, version 4.
  case unexpectedAnswer(String)
  /// The host's name has no address.
  case nameNotFound(host: String, detail: String)
  /// Nothing listens there, or no route leads there.
  case unreachable(host: String, port: Int, detail: String)
  /// The TLS handshake failed or the certificate is not trusted.
  case tlsFailed(host: String, detail: String)
  /// A deadline passed; `stage` says what was being waited for.
  case timedOut(stage: String, after: Duration)
  /// The connection broke while being set up, for a reason without a case of its own.
  case connectionFailed(String)
  /// A packet must have 1 to ``RelayConnection/maximumPacketSize`` bytes.
  case packetSize(Int)
  /// A bye code must be 1 to 32 of `a-z0-9_-`.
  case invalidByeCode
  /// The packet does not fit in the queue of ``RelayConnection/outboundLimit`` bytes; `queued` are waiting there.
  case outboundQueueFull(queued: Int)
  /// The connection is closed or closing.
  case closed
  /// The calling task was cancelled.
  case cancelled
  /// The operating system refused a thread or a descriptor.
  case resourcesExhausted(String)
}

extension RelayLinkError: CustomStringConvertible {
  /// What happened, what was expected, what to do.
  public var description: String {
    switch self {
    case .unsuitableLibcurl(let version, let problem):
      "libcurl \(version) cannot be used: \(problem). Version 8.11 or later with ws and wss is needed; on Debian 12 "
        + "install it from backports: apt install libcurl4/bookworm-backports (Debian 13 and later have it)"
    case .invalidEndpoint(let reason):
      "the relay address cannot be used: \(reason). Expected something like https://relay.example or "
        + "ws://10.0.0.5:8000/prefix"
    case .invalidSessionCode:
      "that is not a session code; expected 8 characters of ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    case .invalidRoom:
      "that is not a room name; expected 1 to 64 characters of A-Z a-z 0-9 . _ - (and not only dots)"
    case .invalidOptions(let problem): "the relay options cannot work: \(problem)"
    case .unknownSession:
      "the relay does not know that session; it ended, expired or was mistyped. Create a new one"
    case .roleRefused(let role, let reason):
      "the relay refused the role \(role.rawValue)" + (reason.isEmpty ? "" : " (\(reason))")
        + "; another board probably holds it. Take the other role or create a new session"
    case .closedWhileJoining(let code, let reason):
      "the relay closed the connection before the session began (code \(code.map(String.init) ?? "none"))"
        + (reason.isEmpty ? "" : ": \(reason)") + "; try again, and see the relay's log if it persists"
    case .tooManySessions:
      "the relay allows this address no more sessions for now (HTTP 429); wait, or use another relay"
    case .notARelay(let status):
      "the answer was HTTP status \(status), which a relay does not give; check the address, and the path in front "
        + "of it if the relay is behind a web server"
    case .unexpectedAnswer(let detail):
      "the answer is not that of a TACCV2 relay of version 4: \(detail). Check the address and the relay's version"
    case .nameNotFound(let host, let detail):
      "the name \(host) has no address (\(detail)); check its spelling, the network and the DNS server"
    case .unreachable(let host, let port, let detail):
      "cannot connect to \(host) port \(port) (\(detail)); check that the relay runs, its port, and any firewall "
        + "or proxy"
    case .tlsFailed(let host, let detail):
      "no trusted TLS connection to \(host) (\(detail)); check this board's clock, that ca-certificates is installed, "
        + "or give the file of the certificate authority that signed the relay's certificate"
    case .timedOut(let stage, let after):
      "no answer in \(after) while waiting for \(stage); check the network and that the address is a relay's"
    case .connectionFailed(let detail): "the connection to the relay failed: \(detail); try again"
    case .packetSize(let bytes):
      "a packet of \(bytes) bytes cannot be sent; expected 1 to \(RelayConnection.maximumPacketSize) bytes"
    case .invalidByeCode: "that is not a bye code; expected 1 to 32 characters of a-z 0-9 _ -"
    case .outboundQueueFull(let queued):
      "\(queued) bytes are waiting for the relay already, of \(RelayConnection.outboundLimit) allowed; the network is "
        + "slower than the protocol sends"
    case .closed: "the relay connection is closed; open a new one"
    case .cancelled: "cancelled before the relay answered"
    case .resourcesExhausted(let detail):
      "the system refused a resource (\(detail)); close other programs or raise the limits (ulimit -n, -u)"
    }
  }
}
