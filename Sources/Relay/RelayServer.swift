public import Logging
import NIOConcurrencyHelpers
import NIOCore
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
    /// Where clients come; then where metrics are shown, if apart.
    let listeners: [any Channel]
    let metricsListener: (any Channel)?
    let services: RelayServices
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
    /// How many have the event loops in use, which are not shut down before they have let go.
    var loopUsers = 0
    var waitingForLoops: [CheckedContinuation<Void, Never>] = []
  }

  private let configuration: RelayConfiguration
  private let logger: Logger
  private let state = NIOLockedValueBox(State())

  /// Makes a relay that does not listen yet.
  /// - Parameters:
  ///   - configuration: Checked by ``start()``.
  ///   - logger: Gets no payload, of a session code only the first two characters, and addresses only if the
  ///     configuration says so.
  public init(configuration: RelayConfiguration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
  }

  /// Listens. Raises this process's soft limit of open files to what ``RelayLimits/openConnections`` needs, if it may.
  /// - Throws: ``RelayServerError`` with what to do about it.
  @discardableResult
  public func start() async throws(RelayServerError) -> Addresses {
    try configuration.validate()
    let identity = try configuration.tls.map(loadIdentity)
    let isFirst = state.withLockedValue { state in
      guard case .new = state.phase else { return false }
      state.phase = .starting
      return true
    }
    guard isFirst else { throw .alreadyStarted }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.eventLoopThreads)
    let running: Running
    do throws(RelayServerError) {
      running = try await listen(on: group, identity: identity)
    } catch {
      try? await group.shutdownGracefully()
      becomeStopped()
      throw error
    }
    state.withLockedValue { $0.phase = .running(running) }
    let address = running.listeners.first?.localAddress
    let metricsAddress = running.metricsListener?.localAddress
    let bound = Addresses(
      boundHost: address?.ipAddress ?? configuration.host, boundPort: address?.port ?? configuration.port,
      boundPath: address?.unixPath, metricsHost: metricsAddress?.ipAddress, metricsPort: metricsAddress?.port,
      metricsPath: metricsAddress?.unixPath)
    var metadata: Logger.Metadata = ["tls": "\(identity != nil)"]
    if let path = bound.boundPath {
      metadata["path"] = "\(path)"
    } else {
      metadata["host"] = "\(bound.boundHost)"
      metadata["port"] = "\(bound.boundPort)"
    }
    if let metrics = bound.metrics { metadata["metrics"] = "\(metrics)" }
    logger.notice("relay listens", metadata: metadata)
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

  // MARK: Life

  /// Whether every event loop still does its work; waits for as long as one does not.
  public func checkLoops() async {
    guard let running = takeLoops() else { return }
    for loop in running.loops { try? await loop.eventLoop.submit {}.get() }
    releaseLoops()
  }

  /// What runs, if it does, whose event loops go on until ``releaseLoops()``: one that was shut down drops what it is asked to
  /// do, and whoever waits for that waits forever.
  private func takeLoops() -> Running? {
    state.withLockedValue { state in
      guard case .running(let running) = state.phase else { return nil }
      state.loopUsers += 1
      return running
    }
  }

  private func releaseLoops() {
    let waiting = state.withLockedValue { state in
      state.loopUsers -= 1
      guard state.loopUsers == 0 else { return [CheckedContinuation<Void, Never>]() }
      defer { state.waitingForLoops = [] }
      return state.waitingForLoops
    }
    for continuation in waiting { continuation.resume() }
  }

  private func untilLoopsAreReleased() async {
    await withCheckedContinuation { continuation in
      let areFree = state.withLockedValue { state in
        if state.loopUsers > 0 { state.waitingForLoops.append(continuation) }
        return state.loopUsers == 0
      }
      if areFree { continuation.resume() }
    }
  }

  /// Whether many connections are gone since this was last so, and with them the need for most of the process's memory.
  ///
  /// Freed memory is kept for the next connections otherwise, since small pieces that are in use lie among it: whoever
  /// asks gives it back to the system (malloc_trim(3)).
  public func leavesSpareMemory() -> Bool {
    let running: Running? = state.withLockedValue { state in
      if case .running(let running) = state.phase { running } else { nil }
    }
    return running?.services.admission.leaveSpareMemory() ?? false
  }

  /// Reads certificate and key anew; connections from now on get them, those that are open keep theirs.
  /// - Parameter files: Where they are now; of the relay's configuration otherwise.
  /// - Throws: ``RelayServerError/unusableTLS(_:)``, and goes on with what it has.
  public func reloadTLS(_ files: TLSFiles? = nil) throws(RelayServerError) {
    guard configuration.tls != nil, let files = files ?? configuration.tls else { return }
    let identity = try loadIdentity(files)
    state.withLockedValue { state in
      if case .running(let running) = state.phase { running.services.tls = identity }
    }
    logger.notice("certificate read", metadata: ["expires": "\(identity.expires)"])
  }

  private func loadIdentity(_ files: TLSFiles) throws(RelayServerError) -> TLSIdentity {
    try TLSIdentity(files, closeTime: configuration.limits.closeTime, at: RelayInstant.now().unix)
  }

  /// Stops listening, sends away who waits in rooms, lets sessions end for ``RelayLimits/drainTime``, then stops
  /// gracefully. Where metrics have an address of their own, that one answers until the end.
  ///
  /// A call of ``shutdown(gracefully:)`` meanwhile cuts the time short.
  public func drain() async {
    guard let running = takeLoops() else { return await waitUntilClosed() }
    guard !running.services.admission.isDraining, let eventLoop = running.loops.first?.eventLoop else {
      releaseLoops()
      return await waitUntilClosed()
    }
    let sessions = running.services.admission.sockets.sessions
    logger.notice("relay drains", metadata: ["websockets": "\(sessions)"])
    let drained = eventLoop.makePromise(of: Void.self)
    running.services.admission.drain(drained)
    let time = configuration.limits.drainTime.relayNanoseconds
    let timer = eventLoop.scheduleTask(in: .nanoseconds(time)) { drained.succeed() }
    for listener in running.listeners { try? await listener.close().get() }
    for loop in running.loops { try? await loop.eventLoop.submit { loop.value.drain() }.get() }
    try? await drained.futureResult.get()
    timer.cancel()
    releaseLoops()
    await shutdown(gracefully: true)
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
    running.services.admission.stopWaiting()
    for listener in running.listeners + [running.metricsListener].compactMap({ $0 }) {
      // Closed already where the relay drains.
      try? await listener.close().get()
    }
    for loop in running.loops {
      let idle = loop.eventLoop.flatSubmit { loop.value.stop(gracefully: gracefully) }
      // Every connection closes itself by its own deadline.
      try? await idle.get()
    }
    await untilLoopsAreReleased()
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

  private func listen(
    on group: MultiThreadedEventLoopGroup, identity: TLSIdentity?
  ) async throws(RelayServerError) -> Running {
    var configuration = configuration
    let wanted = configuration.limits.openConnections
    configuration.limits.openConnections = DescriptorLimit.makeRoom(forConnections: wanted)
    if configuration.limits.openConnections < wanted {
      logger.warning(
        "fewer connections than configured: raise the limit of open files (ulimit -n, or LimitNOFILE= in a unit)",
        metadata: ["openConnections": "\(configuration.limits.openConnections)", "configured": "\(wanted)"])
    }
    let limits = configuration.limits
    let metrics = RelayMetrics()
    // A group has one loop at least, and their number was checked.
    var loops: [NIOLoopBound<LoopContext>] = []
    for eventLoop in group.makeIterator() {
      let made = eventLoop.submit {
        NIOLoopBound(LoopContext(eventLoop: eventLoop, limits: limits, metrics: metrics), eventLoop: eventLoop)
      }
      do {
        loops.append(try await made.get())
      } catch {
        throw .cannotListen(host: configuration.host, port: configuration.port, cause: "\(error)")
      }
    }
    let services = RelayServices(
      configuration: configuration, logger: logger, metrics: metrics, identity: identity, loops: loops)
    var listeners: [any Channel] = []
    let bootstrap = Self.bootstrap(on: group, services, .relay)
    if configuration.inheritedSockets.isEmpty {
      listeners.append(try await Self.bind(bootstrap, host: configuration.host, port: configuration.port))
    }
    for socket in configuration.inheritedSockets {
      listeners.append(try await Self.take(bootstrap, socket))
    }
    let metricsBootstrap = Self.bootstrap(on: group, services, .operation)
    let metricsListener: (any Channel)? =
      switch configuration.metrics {
      case .host(let host, let port): try await Self.bind(metricsBootstrap, host: host, port: port)
      case .inherited(let socket): try await Self.take(metricsBootstrap, socket)
      case nil: nil
      }
    return Running(
      group: group, listeners: listeners, metricsListener: metricsListener, services: services, loops: loops)
  }
}
