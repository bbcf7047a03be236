public import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// A relay: forwards messages between the two sides of each session and derives nothing from them.
///
/// ```swift
/// let server = RelayServer(configuration: RelayConfiguration(port: 8000), logger: logger)
/// let bound = try await server.start()
/// await server.waitUntilClosed()
/// ```
public final class RelayServer: Sendable {
  private struct Running: Sendable {
    let group: MultiThreadedEventLoopGroup
    let channel: any Channel
    let loops: [NIOLoopBound<LoopContext>]
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

  private let configuration: RelayConfiguration
  private let logger: Logger
  private let state = NIOLockedValueBox(State())

  /// Makes a relay that does not listen yet.
  /// - Parameters:
  ///   - configuration: Checked by ``start()``.
  ///   - logger: Gets no payload, no address, and of a session code only the first two characters.
  public init(configuration: RelayConfiguration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
  }

  /// Listens. Raises this process's soft limit of open files to what ``RelayLimits/openConnections`` needs, if it may.
  /// - Returns: The address and the port that were bound; the port is the chosen one where 0 was configured.
  /// - Throws: ``RelayServerError`` with what to do about it.
  @discardableResult
  public func start() async throws(RelayServerError) -> (boundHost: String, boundPort: Int) {
    try configuration.validate()
    let isFirst = state.withLockedValue { state in
      guard case .new = state.phase else { return false }
      state.phase = .starting
      return true
    }
    guard isFirst else { throw .alreadyStarted }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.eventLoopThreads)
    let running: Running
    do {
      running = try await listen(on: group)
    } catch {
      try? await group.shutdownGracefully()
      becomeStopped()
      throw RelayServerError(binding: configuration.host, port: configuration.port, error)
    }
    state.withLockedValue { $0.phase = .running(running) }
    let address = running.channel.localAddress
    let bound = (boundHost: address?.ipAddress ?? configuration.host, boundPort: address?.port ?? configuration.port)
    logger.notice("relay listens", metadata: ["host": "\(bound.boundHost)", "port": "\(bound.boundPort)"])
    return bound
  }

  /// Returns when the relay was shut down; at once where it never ran.
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

  /// Stops listening and ends every connection.
  /// - Parameter gracefully: `true` tells every client so, sends what waits for it, and gives it
  ///   ``RelayLimits/closeTime`` to close its side; `false` cuts all connections.
  public func shutdown(gracefully: Bool = true) async {
    let running: Running? = state.withLockedValue { state in
      guard case .running(let running) = state.phase else { return nil }
      state.phase = .stopping
      return running
    }
    guard let running else { return await waitUntilClosed() }
    logger.notice("relay stops", metadata: ["gracefully": "\(gracefully)"])
    try? await running.channel.close().get()
    for loop in running.loops {
      let idle = loop.eventLoop.flatSubmit { loop.value.stop(gracefully: gracefully) }
      // Every connection closes itself by its own deadline.
      try? await idle.get()
    }
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

  // MARK: Listening

  private func listen(on group: MultiThreadedEventLoopGroup) async throws -> Running {
    var limits = configuration.limits
    limits.openConnections = DescriptorLimit.makeRoom(forConnections: limits.openConnections)
    if limits.openConnections < configuration.limits.openConnections {
      logger.warning(
        "fewer connections than configured: raise the limit of open files (ulimit -n, or LimitNOFILE= in a unit)",
        metadata: [
          "openConnections": "\(limits.openConnections)", "configured": "\(configuration.limits.openConnections)",
        ])
    }
    return try await listen(on: group, limits: limits)
  }

  private func listen(on group: MultiThreadedEventLoopGroup, limits: RelayLimits) async throws -> Running {
    var loops: [NIOLoopBound<LoopContext>] = []
    for eventLoop in group.makeIterator() {
      loops.append(
        try await eventLoop.submit {
          NIOLoopBound(LoopContext(eventLoop: eventLoop, limits: limits), eventLoop: eventLoop)
        }.get())
    }
    let store = SessionStore(limits: limits, logger: logger, timerLoop: group.next())
    // A group has one loop at least, and their number was checked.
    let rooms = RoomStore(limits: limits, logger: logger, timerLoop: loops[0], sessions: store)
    let services = RelayServices(limits: limits, logger: logger, store: store, rooms: rooms, loops: loops)
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(ChannelOptions.backlog, value: 1_024)
      .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(
        ChannelOptions.writeBufferWaterMark,
        value: .init(low: max(1, limits.sendQueueBytes / 2), high: limits.sendQueueBytes)
      )
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try Self.prepare(channel, services: services) }
      }
    let channel = try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
    return Running(group: group, channel: channel, loops: loops)
  }

  /// Makes a new connection speak HTTP.
  private static func prepare(_ channel: any Channel, services: RelayServices) throws {
    guard let loop = services.context(of: channel.eventLoop), services.admitConnection() else {
      throw TooManyConnections()
    }
    channel.closeFuture.whenComplete { _ in services.releaseConnection() }
    let codec = HTTPHandler.Codec(
      headGuard: HeadGuard(limits: services.limits, loop: loop),
      encoder: HTTPResponseEncoder(),
      decoder: ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)))
    try channel.pipeline.syncOperations.addHandlers([
      codec.headGuard, codec.encoder, codec.decoder,
      HTTPHandler(services: services, loop: loop, codec: codec),
    ])
  }
}

/// The bootstrap closes a connection whose preparation throws.
private struct TooManyConnections: Error {}
