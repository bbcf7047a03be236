public import Motion
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Serves recorded captures as libiio contexts: a client of libiio 0.x finds each at `ip:HOST:PORT`, as if an `iiod` ran
/// on the board while it was shaken.
///
/// The protocol is the text protocol of libiio 0.x's `iiod`; see ``ReplayOptions`` for how captures are played.
public final class IIODReplayServer: Sendable {
  /// Where a capture is served.
  public struct Endpoint: Sendable, Hashable {
    /// What the capture is called.
    public let label: String
    /// The address.
    public let host: String
    /// The TCP port.
    public let port: Int
    /// Whether the capture has a beginning at rest; where it has none, rest is its first scan without rotation.
    public let hasRecordedRest: Bool

    /// What libiio takes, such as "ip:127.0.0.1:30431".
    public var uri: String { host.contains(":") ? "ip:[\(host)]:\(port)" : "ip:\(host):\(port)" }
  }

  private struct Running: Sendable {
    let group: MultiThreadedEventLoopGroup
    let listeners: [any Channel]
    let host: NIOLoopBound<ReplayHost>
  }

  private enum Phase: Sendable {
    case new
    case starting
    case running(Running)
    case stopping
    case stopped
  }

  private struct State: Sendable {
    var phase = Phase.new
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let captures: [RawCapture]
  private let host: String
  private let port: Int
  private let options: ReplayOptions
  private let limits: ReplayLimits
  private let observer: @Sendable (ReplayNotice) -> Void
  private let state = NIOLockedValueBox(State())

  /// Makes a server that does not listen yet.
  ///
  /// - Parameters:
  ///   - captures: the first is served on `port`, every other on the port after that of the one before.
  ///   - host: a name or numeric address of this machine.
  ///   - port: 0 takes a free one for each.
  ///   - options: how to play.
  ///   - limits: what clients may do.
  ///   - observer: told what happens, from a thread of the server.
  public init(
    captures: [RawCapture], host: String = "127.0.0.1", port: Int = 30431, options: ReplayOptions = ReplayOptions(),
    limits: ReplayLimits = ReplayLimits(), observer: @escaping @Sendable (ReplayNotice) -> Void = { _ in }
  ) {
    self.captures = captures
    self.host = host
    self.port = port
    self.options = options
    self.limits = limits
    self.observer = observer
  }

  /// Listens.
  ///
  /// - Returns: where each capture is served, in their order.
  /// - Throws: ``IIODReplayError`` with what to do about it.
  public func start() async throws(IIODReplayError) -> [Endpoint] {
    try validate()
    let isFirst = state.withLockedValue { state in
      guard case .new = state.phase else { return false }
      state.phase = .starting
      return true
    }
    guard isFirst else { throw .alreadyStarted }
    let models = captures.map { ReplayModel($0, rate: options.rate) }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let eventLoop = group.next()
    let replay = ReplayState(models: models, options: options, limits: limits)
    let observer = observer
    var listeners: [any Channel] = []
    var attempted = port
    do {
      let bound = try await eventLoop.submit {
        NIOLoopBound(ReplayHost(state: replay, observer: observer), eventLoop: eventLoop)
      }.get()
      for index in captures.indices {
        attempted = port == 0 ? 0 : port + index
        listeners.append(try await listen(index, port: attempted, on: eventLoop, bound))
      }
      let running = Running(group: group, listeners: listeners, host: bound)
      state.withLockedValue { $0.phase = .running(running) }
    } catch {
      try? await group.shutdownGracefully()
      becomeStopped()
      throw IIODReplayError(binding: host, port: attempted, error)
    }
    return zip(listeners, models).map { listener, model in
      Endpoint(
        label: model.label, host: listener.localAddress?.ipAddress ?? host, port: listener.localAddress?.port ?? 0,
        hasRecordedRest: model.hasRecordedRest)
    }
  }

  /// Returns when the server was shut down; at once where it never ran.
  public func waitUntilClosed() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLockedValue { state in
        switch state.phase {
        case .new, .stopped: return true
        case .starting, .running, .stopping:
          state.waiting.append(continuation)
          return false
        }
      }
      if isOver { continuation.resume() }
    }
  }

  /// Stops listening and closes every connection.
  public func shutdown() async {
    let running: Running? = state.withLockedValue { state in
      guard case .running(let running) = state.phase else { return nil }
      state.phase = .stopping
      return running
    }
    guard let running else { return await waitUntilClosed() }
    for listener in running.listeners { try? await listener.close().get() }
    try? await running.host.eventLoop.submit { running.host.value.stop() }.get()
    try? await running.group.shutdownGracefully()
    becomeStopped()
  }

  private func becomeStopped() {
    let waiting = state.withLockedValue { state in
      state.phase = .stopped
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  private func validate() throws(IIODReplayError) {
    guard !captures.isEmpty else { throw .invalidConfiguration("no capture was given: give at least one") }
    guard !host.isEmpty else {
      throw .invalidConfiguration("host is empty: give an address of this machine, such as 127.0.0.1 or ::1")
    }
    let last = 65_535 - (port == 0 ? 0 : captures.count - 1)
    guard (0...max(0, last)).contains(port) else {
      throw .invalidConfiguration("port is \(port), but must be 0 to \(last) for \(captures.count) captures")
    }
    guard (0.01...100).contains(options.rate) else {
      throw .invalidConfiguration("rate is \(options.rate), but must be 0.01 to 100")
    }
    guard (0...3600).contains(options.restSeconds) else {
      throw .invalidConfiguration("rest is \(options.restSeconds) s, but must be 0 to 3600")
    }
  }

  private func listen(
    _ context: Int, port: Int, on eventLoop: any EventLoop, _ bound: NIOLoopBound<ReplayHost>
  ) async throws -> any Channel {
    let keepalive: [(CInt, Int)] = [(TCP_KEEPIDLE, 30), (TCP_KEEPINTVL, 10), (TCP_KEEPCNT, 3)]
    var bootstrap = ServerBootstrap(group: eventLoop)
      .serverChannelOption(ChannelOptions.backlog, value: 64)
      .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(ChannelOptions.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4096))
      .childChannelOption(
        ChannelOptions.writeBufferWaterMark,
        value: .init(low: max(1, limits.outputBytes / 2), high: max(1, limits.outputBytes))
      )
      // Clients are silent for as long as they like; whether one is still there, the system finds out.
      .childChannelOption(ChannelOptions.socketOption(.so_keepalive), value: 1)
    for (name, value) in keepalive {
      bootstrap = bootstrap.childChannelOption(
        ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: name)), value: value)
    }
    return try await bootstrap.childChannelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        guard bound.value.hasRoom else { throw TooManyConnections() }
        try channel.pipeline.syncOperations.addHandler(
          ConnectionHandler(host: bound.value, session: Session(context: context)))
      }
    }.bind(host: host, port: port).get()
  }
}

/// The bootstrap closes a connection whose preparation throws.
private struct TooManyConnections: Error {}
