import ArgumentParser

/// Both sides of one session.
final class Pair {
  let alice: RelaySocket
  let bob: RelaySocket

  private init(_ alice: RelaySocket, _ bob: RelaySocket) {
    self.alice = alice
    self.bob = bob
  }

  func close() {
    alice.close()
    bob.close()
  }

  /// Opens a session and joins it from both sides, alice first; `done` gets `nil` where the relay refuses any of it.
  static func join(_ poller: Poller, _ target: Target, _ opener: SessionOpener, _ done: @escaping (Pair?) -> Void) {
    func socket(_ code: String, _ role: String, _ then: @escaping (RelaySocket?) -> Void) {
      var socket: RelaySocket?
      socket = try? RelaySocket(poller, target, code: code, role: role) { isIn in
        let joined = isIn ? socket : nil
        socket = nil
        then(joined)
      }
      if socket == nil { then(nil) }
    }
    do {
      try opener.open { code in
        guard let code else { return done(nil) }
        socket(code, "alice") { alice in
          guard let alice else { return done(nil) }
          socket(code, "bob") { bob in
            guard let bob else {
              alice.close()
              return done(nil)
            }
            done(Pair(alice, bob))
          }
        }
      }
    } catch {
      done(nil)
    }
  }
}

struct LoadOptions: ParsableArguments {
  @Option(name: .customLong("pairs"), help: "Sessions at a time.") var pairCount = 1
  @Option(help: "Bytes of data inside each message.") var size = 32
  @Option(help: "Messages after which a session is used up, both directions together.") var sessionMessages = 3_900

  @Flag(help: "Send the data as `tacc send` does: base64 in a packet's envelope.") var packets = false

  /// A client's message with `size` bytes of data, as a frame.
  var message: [UInt8] {
    if packets {
      // Which characters they are is all the same to a relay.
      let data = String(repeating: "x", count: (size + 2) / 3 * 4)
      return RelaySocket.frame(
        "{\"type\":\"packet\",\"proto\":\"TACCV2\",\"ver\":4,\"payload\":{\"data_b64\":\"\(data)\"}}")
    }
    let data = String(repeating: "x", count: size)
    return RelaySocket.frame("{\"type\":\"packet\",\"payload\":{\"kind\":\"load\",\"seq\":1,\"data\":\"\(data)\"}}")
  }

  func isSpent(_ messages: Int) -> Bool { messages + 2 > sessionMessages }

  func pairs(_ poller: Poller, _ target: Target) throws -> [Pair] {
    var pairs: [Pair] = []
    let opener = SessionOpener(poller, target)
    defer { opener.close() }
    for _ in 0..<pairCount {
      var isDone = false
      Pair.join(poller, target, opener) { pair in
        isDone = true
        if let pair { pairs.append(pair) }
      }
      poller.run(until: Clock.now() + 10) { isDone }
    }
    guard pairs.count == pairCount else { throw BenchError("only \(pairs.count) of \(pairCount) pairs could join") }
    return pairs
  }
}

/// Keeps a window of messages on their way in every session.
final class ThroughputRun {
  private let poller: Poller
  private let target: Target
  private let load: LoadOptions
  private let window: Int
  /// So many messages in a row.
  private let bursts: [[UInt8]]
  private(set) var relayed = 0
  /// Pairs that ended because the relay refused them a new session, or broke off.
  private(set) var lost = 0

  init(_ poller: Poller, _ target: Target, load: LoadOptions, window: Int) {
    self.poller = poller
    self.target = target
    self.load = load
    self.window = window
    let message = load.message
    bursts = (0...window).map { Array(repeatElement(message, count: $0).joined()) }
  }

  func drive(_ pair: Pair) {
    var sent = 0
    var received = 0
    func send() {
      let count = min(window - (sent - received), load.sessionMessages - sent)
      guard count > 0 else { return }
      sent += count
      pair.alice.stream.send(bursts[count])
    }
    pair.bob.onRelayed = { [unowned self] count in
      received += count
      relayed += count
      if received >= load.sessionMessages {
        pair.bob.onRelayed = nil
        pair.close()
        replace()
      } else {
        send()
      }
    }
    send()
  }

  private func replace() {
    let opener = SessionOpener(poller, target)
    Pair.join(poller, target, opener) { [unowned self] pair in
      opener.close()
      if let pair { drive(pair) } else { lost += 1 }
    }
  }
}

extension Row {
  /// The relay's processor time since `before`, for each of `count`.
  mutating func addCost(_ server: ServerProcess, since before: Double?, per count: Int) {
    guard let before, let after = server.processorSeconds, count > 0 else { return }
    add("processor_us_each", (after - before) / Double(count) * 1e6, digits: 2)
  }
}
