/// How captures are played.
public struct ReplayOptions: Sendable, Hashable {
  /// How much faster than recorded; 0.01 to 100. Stamps and the sampling frequency follow.
  public var rate = 1.0
  /// Whether a capture begins again after its end; otherwise the sensor falls silent.
  public var loops = false
  /// Whether all captures begin at one instant, when each of them has an open buffer; until then they rest.
  public var together = false
  /// Seconds of rest before a capture begins, at least; 0 to 3600.
  public var restSeconds = 0.0

  /// As recorded, once, each on its own.
  public init() {}
}

/// Every bound that the server puts on what clients may do.
public struct ReplayLimits: Sendable, Hashable {
  /// Connections open at the same time, all captures together. Over it: closed on arrival.
  public var connections = 64
  /// Buffers open at the same time, per capture. Over it: EMFILE.
  public var openBuffers = 32
  /// Scans per block of a buffer. Over it: EINVAL.
  public var scansPerBlock = 1 << 20
  /// Blocks of a buffer. Over it: EINVAL.
  public var blocks = 64
  /// Bytes that one reading of a buffer may ask for. Over it: EINVAL.
  public var readBytes = 64 << 20
  /// Bytes kept of what a client sends ahead. Over it, it is not read until it has read its answers.
  public var inputBytes = 16 << 10
  /// Bytes waiting to be sent to one client, beyond one answer. Over it nothing is made for it until it reads.
  public var outputBytes = 256 << 10
  /// Seconds in which a command must come whole, and in which a client must read something of what waits for it. Over
  /// it: closed.
  public var stallSeconds = 30.0

  /// The defaults.
  public init() {}
}

/// What happens, for people who watch. Captures are told by their place among those served, from 0.
public enum ReplayNotice: Sendable, Hashable {
  /// A client opened a buffer.
  case opened(capture: Int, device: String)
  /// These captures begin.
  case began(captures: [Int])
  /// A buffer was closed.
  case closed(capture: Int, device: String)

  /// One line; `name` gives captures their names.
  public func text(name: (Int) -> String) -> String {
    switch self {
    case .opened(let capture, let device): "\(name(capture)): buffer of \(device) opened"
    case .began(let captures): "\(captures.map(name).joined(separator: ", ")): playing"
    case .closed(let capture, let device): "\(name(capture)): buffer of \(device) closed"
    }
  }
}
