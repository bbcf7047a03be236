import ArgumentParser
import Foundation
import Logging
import Relay

struct RelayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "relay",
    abstract: "Run a relay: sessions, two roles, forwarding, nothing else.",
    discussion: """
      A relay is not trusted: it sees sealed messages and can only deny service. It listens on this machine only \
      unless --host says otherwise.

      EXAMPLE
        tacc relay --port 8000

      Exit status: 0 ended by SIGINT or SIGTERM, 2 bad usage, 1 where it cannot listen.
      """)

  @Option(help: "Address to listen on; 0.0.0.0 or :: for all.")
  var host = "127.0.0.1"

  @Option(help: "TCP port; 0 lets the system choose.")
  var port = 8000

  @Option(help: "Threads that carry connections, 1 to 64.")
  var threads = 1

  @Option(help: "Least severe messages logged: trace, debug, info, notice, warning, error.")
  var logLevel = Logger.Level.info

  func run() async throws {
    var logger = Logger(label: "tacc.relay") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = logLevel
    let configuration = RelayConfiguration(host: host, port: port, eventLoopThreads: threads)
    do { try configuration.validate() } catch { throw ExitStatus.badInput("\(error)") }
    let server = RelayServer(configuration: configuration, logger: logger)
    do {
      let (boundHost, boundPort) = try await server.start()
      // Written at once: whoever started this may wait for the port.
      try Terminal.output("relay listening on \(boundHost) port \(boundPort)")
    } catch let status as ExitStatus {
      throw status
    } catch {
      throw ExitStatus.fault("\(error)")
    }
    try await withInterrupts {
      await withTaskCancellationHandler {
        await server.waitUntilClosed()
      } onCancel: {
        Task { await server.shutdown(gracefully: true) }
      }
    }
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
