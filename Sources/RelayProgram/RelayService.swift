internal import CProcess
import Configuration
import Console
import Dispatch
import Logging
import Platform
import Relay
import Service

/// A relay as a service: signals and the service manager on one side, the server on the other.
struct RelayService: Sendable {
  /// Reads the configuration again.
  let load: @Sendable () throws -> Settings
  let environment: [String: String]
  /// How often memory that many connections left is given back. It takes some milliseconds in which no other thread can
  /// allocate.
  private static let memoryInterval = Duration.seconds(60)

  /// Runs until the relay has ended after SIGTERM or SIGINT.
  func run(_ settings: Settings) throws {
    // Before any other thread is there.
    let signals: AsyncStream<ProcessSignal>
    do { signals = try ProcessSignal.all() } catch { throw ExitStatus.fault("no thread can be started: \(error)") }
    let checked = try RelaySettings(settings, sockets: ActivatedSocket.all(environment: environment))
    let log = ServiceLog(minimum: .trace, forJournal: environment["JOURNAL_STREAM"] != nil)
    var logger = Logger(label: "tacc.relay") { _ in RelayLogHandler(log) }
    logger.logLevel = checked.logLevel
    let server = RelayServer(configuration: checked.configuration, logger: logger)
    let ending = Locked<Result<Void, any Error>>(.success(()))
    let done = DispatchSemaphore(value: 0)
    Task { [logger] in
      do {
        try await serve(server, settings, signals, logger)
      } catch {
        ending.withLock { $0 = .failure(error) }
      }
      done.signal()
    }
    done.wait()
    try ending.withLock { $0 }.get()
  }

  private func serve(
    _ server: RelayServer, _ settings: Settings, _ signals: AsyncStream<ProcessSignal>, _ logger: Logger
  ) async throws {
    let addresses = try await start(server)
    do {
      // Written at once: whoever started this may wait for the port.
      try Terminal.output("relay listening on \(addresses.clients)")
      if let metrics = addresses.metrics { try Terminal.output("relay metrics on \(metrics)") }
    } catch {
      await server.shutdown(gracefully: false)
      throw error
    }
    let manager = ServiceManager(environment: environment)
    let listening = "STATUS=listening on \(addresses.clients)"
    manager.notify("READY=1", listening)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await server.waitUntilClosed() }
      group.addTask { await obey(signals, server, settings, manager, logger) }
      group.addTask {
        while (try? await Task.sleep(for: Self.memoryInterval)) != nil {
          if server.leavesSpareMemory() { cprocess_give_back_freed_memory() }
        }
      }
      if let interval = manager.watchdogInterval {
        group.addTask {
          while !Task.isCancelled {
            // A loop that hangs is not told of, and the service manager draws its conclusion.
            await server.checkLoops()
            manager.notify("WATCHDOG=1")
            try? await Task.sleep(for: interval)
          }
        }
      }
      // The others go on until they are cancelled.
      await group.next()
      group.cancelAll()
    }
  }

  private func start(_ server: RelayServer) async throws -> RelayServer.Addresses {
    do throws(RelayServerError) {
      return try await server.start()
    } catch {
      switch error {
      case .invalidConfiguration, .unusableTLS: throw ExitStatus.badInput("\(error)")
      default: throw ExitStatus.fault("\(error)")
      }
    }
  }

  private func obey(
    _ signals: AsyncStream<ProcessSignal>, _ server: RelayServer, _ settings: Settings, _ manager: ServiceManager,
    _ logger: Logger
  ) async {
    var isStopping = false
    for await signal in signals {
      switch signal {
      case .terminate where isStopping:
        Task { await server.shutdown() }
      case .terminate:
        isStopping = true
        manager.notify("STOPPING=1", "STATUS=letting sessions end")
        Task { await server.drain() }
      case .reload where !isStopping:
        manager.notify("RELOADING=1", "MONOTONIC_USEC=\(MonotonicClock.now() / 1000)")
        reload(server, settings, logger)
        manager.notify("READY=1")
      case .reload, .press: break
      }
    }
  }

  /// Takes over what a running relay can; what it cannot is named.
  private func reload(_ server: RelayServer, _ settings: Settings, _ logger: Logger) {
    do {
      let new = try load()
      let configuration = try RelaySettings(new).configuration
      try server.reloadTLS(configuration.tls)
      // Whether there is TLS is settled when the relay starts; with which certificate is not.
      let hadTLS = try RelaySettings(settings).configuration.tls != nil
      let taken = hadTLS && configuration.tls != nil ? RelaySettings.reloadable : []
      let waiting = zip(settings.listing, new.listing).filter { $0.value != $1.value }.map(\.0.key)
        .filter { !taken.contains($0) }
      if !waiting.isEmpty {
        logger.warning("some new settings need a restart", metadata: ["keys": "\(waiting.joined(separator: " "))"])
      }
    } catch {
      logger.error("not reloaded, the relay goes on as it was", metadata: ["error": "\(error)"])
    }
  }
}
