import ArgumentParser
import Glibc

@main
struct RelayBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "relay-bench",
    abstract: "Loads any relay that speaks the wire protocol; one thread, one line of JSON for each run.",
    discussion: """
      Give relay and generator a processor each:
        taskset -c 0 tacc relay --port 8000 & taskset -c 1 relay-bench throughput --pid $!

      A relay allows an address so many sessions an hour: --sources 100 comes from a hundred loopback addresses.
      """,
    subcommands: [Sessions.self, Joins.self, RoundTrips.self, Throughput.self, Idle.self])
}

struct TargetOptions: ParsableArguments {
  @Option(help: "The relay's IPv4 address.")
  var host = "127.0.0.1"

  @Option(help: "The relay's port.")
  var port = 8000

  @Option(help: "The relay's process, for its memory and processor time.")
  var pid = 0

  @Option(help: "Loopback addresses to come from in turn; 0 for one.")
  var sources = 0

  @Option(help: "How long to measure.")
  var seconds = 10.0

  func target() throws -> Target {
    // One descriptor for each socket, and the system's default is 1024.
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return try Target(host: host, port: port, sources: sources)
  }

  var server: ServerProcess { ServerProcess(id: pid) }
}

struct Sessions: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "POST /session, one at a time on each connection.")

  @OptionGroup var options: TargetOptions
  @Option(help: "Connections.") var connections = 16

  func run() throws {
    let poller = Poller()
    let target = try options.target()
    var times: [Double] = []
    var refused = 0
    let start = Clock.now()
    let end = start + options.seconds
    let before = options.server.processorSeconds
    func next(_ opener: SessionOpener) {
      let sent = Clock.now()
      guard sent < end else { return }
      try? opener.open { code in
        times.append(Clock.now() - sent)
        if code == nil { refused += 1 }
        next(opener)
      }
    }
    for _ in 0..<connections { next(SessionOpener(poller, target)) }
    poller.run(until: end) { false }
    var row = Row("sessions")
    row.add("count", times.count)
    row.add("refused", refused)
    row.add("per_s", Double(times.count) / (Clock.now() - start))
    row.addTimes(times)
    row.addCost(options.server, since: before, per: times.count)
    row.print()
  }
}

struct Joins: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "A session and two joins, until both sides have their hello; then both leave.")

  @OptionGroup var options: TargetOptions
  @Option(help: "Pairs joining at a time.") var connections = 16

  func run() throws {
    let poller = Poller()
    let target = try options.target()
    var times: [Double] = []
    var refused = 0
    let start = Clock.now()
    let end = start + options.seconds
    let before = options.server.processorSeconds
    func next(_ opener: SessionOpener) {
      let sent = Clock.now()
      guard sent < end else { return }
      Pair.join(poller, target, opener) { pair in
        if let pair {
          times.append(Clock.now() - sent)
          pair.close()
        } else {
          refused += 1
        }
        next(opener)
      }
    }
    for _ in 0..<connections { next(SessionOpener(poller, target)) }
    poller.run(until: end) { false }
    var row = Row("joins")
    row.add("count", times.count)
    row.add("refused", refused)
    row.add("per_s", Double(times.count) / (Clock.now() - start))
    row.addTimes(times)
    row.addCost(options.server, since: before, per: times.count)
    row.print()
  }
}

struct RoundTrips: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "alice, relay, bob, relay, alice: the time of a message there and one back.")

  @OptionGroup var options: TargetOptions
  @OptionGroup var load: LoadOptions

  func run() throws {
    let poller = Poller()
    let pairs = try load.pairs(poller, try options.target())
    let message = load.message
    var times: [Double] = []
    let end = Clock.now() + options.seconds
    let before = options.server.processorSeconds
    for pair in pairs {
      var sent = Clock.now()
      pair.bob.onRelayed = { _ in pair.bob.stream.send(message) }
      pair.alice.onRelayed = { _ in
        let now = Clock.now()
        times.append(now - sent)
        sent = now
        if load.isSpent(times.count * 2 / pairs.count) { return }
        pair.alice.stream.send(message)
      }
      pair.alice.stream.send(message)
    }
    poller.run(until: end) { load.isSpent(times.count * 2 / pairs.count) }
    var row = Row("round trips")
    row.add("pairs", pairs.count)
    row.add("bytes", load.size)
    row.add("count", times.count)
    row.addTimes(times)
    row.addCost(options.server, since: before, per: times.count * 2)
    row.print()
  }
}

struct Throughput: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Messages from alice to bob as fast as they arrive; a pair goes on in a new session when one is used up.")

  @OptionGroup var options: TargetOptions
  @OptionGroup var load: LoadOptions
  @Option(help: "Messages of one pair on their way at a time.") var window = 64
  @Option(help: "Print a line every so many seconds; 0 for one at the end.") var every = 0.0
  @Option(help: "End after so many messages, if that is earlier.") var messages = Int.max

  func run() throws {
    let poller = Poller()
    let target = try options.target()
    let run = ThroughputRun(poller, target, load: load, window: window)
    let start = Clock.now()
    let end = start + options.seconds
    var last = start
    var lastCount = 0
    var lastProcessor = options.server.processorSeconds
    for pair in try load.pairs(poller, target) { run.drive(pair) }
    while Clock.now() < end, run.relayed < messages {
      poller.run(until: every > 0 ? min(end, last + every) : end) { run.relayed >= messages }
      let now = Clock.now()
      var row = Row("throughput")
      row.add("at_s", now - start)
      row.add("pairs", load.pairCount)
      row.add("bytes", load.size)
      row.add("relayed", run.relayed)
      row.add("lost_pairs", run.lost)
      let rate = Double(run.relayed - lastCount) / (now - last)
      row.add("per_s", rate)
      row.add("MiB_per_s", rate * Double(load.size) / 1_048_576)
      row.addCost(options.server, since: lastProcessor, per: run.relayed - lastCount)
      row.add("resident_kB", options.server.residentKB)
      row.print()
      fflush(nil)
      (last, lastCount, lastProcessor) = (now, run.relayed, options.server.processorSeconds)
    }
  }
}

struct Idle: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Memory with many sockets that say nothing.")

  @OptionGroup var options: TargetOptions
  @Option(help: "Sockets, two to a session.") var sockets = 10_000

  func run() throws {
    let poller = Poller()
    let target = try options.target()
    let empty = options.server.residentKB
    var pairs: [Pair] = []
    let opener = SessionOpener(poller, target)
    while pairs.count < sockets / 2 {
      var isDone = false
      Pair.join(poller, target, opener) { pair in
        isDone = true
        if let pair { pairs.append(pair) }
      }
      let wanted = pairs.count + 1
      poller.run(until: Clock.now() + 10) { isDone }
      guard pairs.count == wanted else { throw BenchError("the relay refused after \(pairs.count) pairs") }
    }
    let before = options.server.processorSeconds
    poller.run(until: Clock.now() + options.seconds) { false }
    let alive = pairs.count { $0.alice.stream.isOpen && $0.bob.stream.isOpen } * 2
    let resident = options.server.residentKB
    let processor = options.server.processorSeconds
    // Does every one of them still relay?
    var relayed = 0
    let message = RelaySocket.frame("{\"type\":\"packet\",\"payload\":1}")
    for pair in pairs {
      pair.bob.onRelayed = { relayed += $0 }
      pair.alice.stream.send(message)
    }
    poller.run(until: Clock.now() + 10) { relayed >= pairs.count }
    for pair in pairs { pair.close() }
    opener.close()
    poller.run(until: Clock.now() + 3) { false }
    var row = Row("idle")
    row.add("sockets", pairs.count * 2)
    row.add("alive", alive)
    row.add("relayed", relayed)
    row.add("empty_kB", empty)
    row.add("resident_kB", resident)
    if let empty, let resident { row.add("kB_per_socket", Double(resident - empty) / Double(alive), digits: 2) }
    if let before, let processor { row.add("processor_share", (processor - before) / options.seconds, digits: 4) }
    row.add("afterwards_kB", options.server.residentKB)
    row.print()
  }
}
