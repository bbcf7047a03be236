package import ArgumentParser
import Configuration
import Console

/// `tacc relay` and `tacc-relay`, which are the same but for what else is in the program.
package struct RelayCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "relay",
    abstract: "Run a relay: sessions, two roles, forwarding, nothing else.",
    usage: "tacc relay [<options>]",
    discussion: """
      A relay is not trusted: it sees sealed messages and can only deny service. It listens on this machine only \
      unless --host says otherwise.

      The configuration is a TOML file, then TACC_RELAY_TABLE_KEY in the environment, then options; the later wins. \
      --check-config prints every key with its value, where it came from, \
      and what it means; every limit is among them.

      SIGTERM and SIGINT let sessions end for limits.drain_time_seconds, a second one ends them; SIGHUP reads \
      certificate and key again.

      EXAMPLES:
        tacc relay --port 8000
        tacc relay --host :: --port 443 --tls-certificate cert.pem --tls-key key.pem
        tacc relay --trust-forwarded-for 127.0.0.1 --set limits.drain_time_seconds=5

      EXIT STATUS:
        0  Ended by SIGTERM or SIGINT.
        1  It cannot listen, or another fault.
        2  Bad usage, configuration or certificate.

      ENVIRONMENT:
        TACC_RELAY_TABLE_KEY
            A key of the configuration: TACC_RELAY_LISTEN_PORT is listen.port. It
            wins over the file, an option over it.
        LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID
            Set by systemd: sockets that it has opened, instead of listen.host and
            listen.port.
        NOTIFY_SOCKET, WATCHDOG_USEC, JOURNAL_STREAM
            Set by systemd: it is told of the state, and the log's lines bear their
            levels.
      """,
    version: programVersion)

  @OptionGroup var file: ConfigurationOptions

  @Option(help: "Address to listen on; 0.0.0.0 or :: for all (listen.host).")
  var host: String?

  @Option(help: "TCP port; 0 lets the system choose (listen.port).")
  var port: String?

  @Option(help: "Threads that carry connections (listen.threads).")
  var threads: String?

  @Option(help: ArgumentHelp("PEM file with the certificate (tls.certificate).", valueName: "file"))
  var tlsCertificate: String?

  @Option(help: ArgumentHelp("PEM file with its private key (tls.key).", valueName: "file"))
  var tlsKey: String?

  @Option(
    help: ArgumentHelp(
      "Reverse proxy whose X-Forwarded-For is believed; may be repeated (proxy.trust_forwarded_for).",
      valueName: "address"))
  var trustForwardedFor: [String] = []

  @Option(
    help: ArgumentHelp(
      "What session codes begin with, for a balancer in front of several relays (proxy.shard).", valueName: "label"))
  var shard: String?

  @Option(help: ArgumentHelp("Address for /metrics and /healthz alone (metrics.host).", valueName: "host"))
  var metricsHost: String?

  @Option(help: ArgumentHelp("TCP port for /metrics and /healthz alone (metrics.port).", valueName: "port"))
  var metricsPort: String?

  @Option(help: "Least severe messages logged: trace, debug, info, notice, warning, error (log.level).")
  var logLevel: String?

  @Flag(help: "Let the log name clients' addresses (log.addresses).")
  var logAddresses = false

  package init() {}

  private var options: [(key: String, value: String?, option: String)] {
    let proxies = trustForwardedFor.isEmpty ? nil : trustForwardedFor.joined(separator: ",")
    return [
      ("listen.host", host, "--host"), ("listen.port", port, "--port"), ("listen.threads", threads, "--threads"),
      ("tls.certificate", tlsCertificate, "--tls-certificate"), ("tls.key", tlsKey, "--tls-key"),
      ("proxy.shard", shard, "--shard"), ("proxy.trust_forwarded_for", proxies, "--trust-forwarded-for"),
      ("metrics.host", metricsHost, "--metrics-host"), ("metrics.port", metricsPort, "--metrics-port"),
      ("log.level", logLevel, "--log-level"), ("log.addresses", logAddresses ? "true" : nil, "--log-addresses"),
    ]
  }

  package func run() throws {
    let environment = processEnvironment()
    let load = file.loader(of: .relay, environment: environment, options: options)
    do {
      let settings = try load()
      guard !file.checkConfig else {
        _ = try RelaySettings(settings)
        return try Terminal.output(settings.fileText)
      }
      SmallProgram.take()
      try RelayService(load: load, environment: environment).run(settings)
    } catch let error as ConfigurationError {
      throw ExitStatus.badInput("\(error)")
    }
  }
}
