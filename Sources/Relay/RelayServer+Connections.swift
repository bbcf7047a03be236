import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

extension RelayServer {
  static func bind(
    _ bootstrap: ServerBootstrap, host: String, port: Int
  ) async throws(RelayServerError) -> any Channel {
    do {
      return try await bootstrap.bind(host: host, port: port).get()
    } catch {
      throw RelayServerError(binding: host, port: port, error)
    }
  }

  static func take(_ bootstrap: ServerBootstrap, _ socket: Int32) async throws(RelayServerError) -> any Channel {
    do {
      return try await bootstrap.withBoundSocket(socket).get()
    } catch {
      throw .unusableSocket(descriptor: socket, cause: "\(error)")
    }
  }

  static func bootstrap(
    on group: MultiThreadedEventLoopGroup, _ services: RelayServices, _ surface: HTTPHandler.Surface
  ) -> ServerBootstrap {
    let limits = services.limits
    return ServerBootstrap(group: group)
      .serverChannelOption(ChannelOptions.backlog, value: 1_024)
      .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(
        ChannelOptions.writeBufferWaterMark,
        value: .init(low: max(1, limits.sendQueueBytes / 2), high: limits.sendQueueBytes)
      )
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try prepare(channel, services: services, surface: surface) }
      }
  }

  /// Makes a new connection speak HTTP.
  static func prepare(
    _ channel: any Channel, services: RelayServices, surface: HTTPHandler.Surface = .relay
  ) throws {
    guard let loop = services.context(of: channel.eventLoop) else { throw Refused() }
    let pipeline = channel.pipeline.syncOperations
    switch surface {
    case .relay:
      // A proxy's connections are those of many clients.
      let peer = IPAddress(channel.remoteAddress)
      let key = peer.flatMap { services.configuration.trustedProxies.contains($0) ? nil : AddressKey($0) }
      if let limit = services.admission.admitConnection(from: key) {
        services.metrics.refused(for: limit)
        services.logger.debug("connection refused", metadata: services.logged(["error": "limit \(limit)"], of: peer))
        throw Refused()
      }
      services.metrics.accepted()
      channel.closeFuture.whenComplete { _ in services.admission.releaseConnection(from: key) }
      if let identity = services.tls {
        try pipeline.addHandler(NIOSSLServerHandler(context: identity.context))
        // It hands on in one piece what all reads of a turn brought.
        try channel.syncOptions?.setOption(ChannelOptions.maxMessagesPerRead, value: 1)
      }
    case .operation:
      // Apart from clients, so that they cannot keep out who wants to see what they do.
      guard loop.enterOperation() else { throw Refused() }
      let bound = NIOLoopBound(loop, eventLoop: channel.eventLoop)
      channel.closeFuture.whenComplete { _ in bound.value.leaveOperation() }
    }
    let codec = HTTPHandler.Codec(
      headGuard: HeadGuard(limits: services.limits, loop: loop),
      encoder: HTTPResponseEncoder(),
      decoder: ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)))
    try pipeline.addHandlers([
      codec.headGuard, codec.encoder, codec.decoder,
      HTTPHandler(services: services, surface: surface, loop: loop, codec: codec),
    ])
  }
}

/// The bootstrap closes a connection whose preparation throws.
private struct Refused: Error {}
