import SecureChannel

/// The outer channel: greetings, Noise NN, sealed frames, and the hash chains over them.
///
/// It proves nothing about who the peer is; it keeps relay and passive observers from seeing preambles, masks and
/// parities, and lets no frame be lost, repeated or reordered unnoticed.
struct SealedSession: Sendable {
  /// What a received packet turned out to be.
  enum Received: Sendable, Equatable {
    /// Part of the opening; the packets are the answer. `opened`: the channel stands.
    case opening(replies: [[UInt8]], opened: Bool)
    /// The greeting that is known already; it changes nothing.
    case repeatedGreeting
    /// A sealed frame, and the label of the checkpoint that it closed, if both sides have now sent it.
    case frame(Frame, closed: String?)
  }

  private enum PacketType: UInt8 {
    case hello = 1
    case handshake = 2
    case sealed = 3
  }

  private enum State: Sendable {
    case greeting
    case handshaking(HandshakeState)
    case open(Transport)
    case closed
  }

  let role: PairingRole
  let sessionID: [UInt8]
  let hello: Hello
  private(set) var peerHello: Hello?
  private(set) var outerHash: [UInt8] = []
  private(set) var framesSent: UInt64 = 0
  var framesReceived: UInt64 = 0
  private var state = State.greeting
  private var peerHelloBytes: [UInt8]?
  private var chains: [PairingRole: [UInt8]] = [:]
  private var acknowledged: UInt64 = 0
  private var sentLabels: Set<String> = []
  private var receivedLabels: Set<String> = []
  private var hashes: [String: [UInt8]] = [:]

  init(role: PairingRole, sessionID: [UInt8], hello: Hello) {
    self.role = role
    self.sessionID = sessionID
    self.hello = hello
  }

  /// Whether frames can be sent.
  var isOpen: Bool {
    if case .open = state { return true }
    return false
  }

  /// The greeting to send on joining, and again when the peer joins later.
  var greeting: [UInt8] { [PacketType.hello.rawValue] + hello.encoded() }

  /// Whether the greeting may still be repeated.
  var isGreeting: Bool {
    if case .greeting = state { return true }
    return false
  }

  /// Takes one packet from the peer.
  mutating func receive(_ packet: [UInt8]) throws(AbortReason) -> Received {
    guard packet.count <= Frame.maximumCount, let first = packet.first, let type = PacketType(rawValue: first) else {
      throw .malformed("a packet of \(packet.count) bytes and no known type")
    }
    let body = Array(packet.dropFirst())
    switch type {
    case .hello: return try receiveHello(body)
    case .handshake: return try receiveHandshake(body)
    case .sealed: return try receiveSealed(body)
    }
  }

  private mutating func receiveHello(_ body: [UInt8]) throws(AbortReason) -> Received {
    if let known = peerHelloBytes {
      // Greetings cross when both sides join at once: the same one again is no harm.
      guard known == body, !isOpen else { throw .unexpectedMessage("a second greeting") }
      return .repeatedGreeting
    }
    guard case .greeting = state else { throw .unexpectedMessage("a greeting") }
    let peer = try Hello(decoding: body)
    guard peer.role != role else { throw .sameRole }
    guard peer.nonce != hello.nonce else { throw .malformed("this side's own nonce came back") }
    peerHello = peer
    peerHelloBytes = body
    let mine = hello.encoded()
    let (a, b) = role == .alice ? (mine, body) : (body, mine)
    let prologue = ascii("TACC2/outer/1") + sessionID + prefixed(a) + prefixed(b)
    do {
      let handshake = try HandshakeState(
        pattern: .nn, role: role == .alice ? .initiator : .responder, prologue: prologue)
      state = .handshaking(handshake)
      guard role == .alice else { return .opening(replies: [], opened: false) }
      return .opening(
        replies: [[PacketType.handshake.rawValue] + (try handshake.writeMessage())], opened: false)
    } catch {
      throw .handshake("outer channel: \(error)")
    }
  }

  private mutating func receiveHandshake(_ body: [UInt8]) throws(AbortReason) -> Received {
    guard case .handshaking(let handshake) = state else { throw .unexpectedMessage("a handshake message") }
    do {
      guard try handshake.readMessage(body).isEmpty else {
        throw AbortReason.malformed("a payload in the outer handshake")
      }
      var replies: [[UInt8]] = []
      if role == .bob { replies.append([PacketType.handshake.rawValue] + (try handshake.writeMessage())) }
      let transport = try handshake.split()
      outerHash = handshake.handshakeHash
      state = .open(transport)
      for side in PairingRole.allCases {
        chains[side] = SHA256.hash(ascii("TACC2/dir") + [side.byte] + outerHash)
      }
      return .opening(replies: replies, opened: true)
    } catch let reason as AbortReason {
      throw reason
    } catch {
      throw .handshake("outer channel: \(error)")
    }
  }

  private mutating func receiveSealed(_ body: [UInt8]) throws(AbortReason) -> Received {
    guard case .open(let transport) = state else {
      throw .unexpectedMessage("a sealed message before the channel stood")
    }
    let plaintext: [UInt8]
    do { plaintext = try transport.decrypt(body) } catch { throw .badSeal }
    var reader = ByteReader(plaintext)
    let count = try reader.read(UInt64.self)
    let code = try reader.read(UInt8.self)
    guard let type = FrameType(rawValue: code) else { throw .malformed("unknown frame type \(code)") }
    // The sender of a checkpoint is silent until this side has sent its own.
    guard receivedLabels.isSubset(of: sentLabels) || type == .abort else {
      throw .unexpectedMessage("a message behind an unanswered checkpoint")
    }
    // A peer can have processed no more than was sent, and never un-processes.
    guard count <= framesSent, count >= acknowledged else { throw .badCount }
    acknowledged = count
    framesReceived += 1
    extend(role.peer, index: framesReceived, with: plaintext)
    let frame = Frame(type: type, body: try reader.read(reader.remaining))
    guard let label = type.checkpointLabel else { return .frame(frame, closed: nil) }
    guard receivedLabels.insert(label).inserted else { throw .unexpectedMessage("a second \(label) checkpoint") }
    return .frame(frame, closed: close(label))
  }

  /// Seals a frame.
  ///
  /// - Returns: the packet, and the label of the checkpoint that it closed, if both sides have now sent it.
  mutating func seal(_ frame: Frame) throws(AbortReason) -> (packet: [UInt8], closed: String?) {
    guard case .open(let transport) = state else { throw .internalFault("a frame before the channel stood") }
    let plaintext = bigEndian(framesReceived) + [frame.type.rawValue] + frame.body
    // Before anything is sealed: a nonce used up for nothing would make the abort that follows unreadable.
    let count = 1 + plaintext.count + Transport.overheadCount
    guard count <= Frame.maximumCount else { throw .internalFault("a frame of \(count) bytes") }
    let packet: [UInt8]
    do {
      packet = [PacketType.sealed.rawValue] + (try transport.encrypt(plaintext))
    } catch {
      throw .internalFault("sealing: \(error)")
    }
    framesSent += 1
    extend(role, index: framesSent, with: plaintext)
    guard let label = frame.type.checkpointLabel else { return (packet, nil) }
    sentLabels.insert(label)
    return (packet, close(label))
  }

  /// The transcript hash of a closed checkpoint.
  func transcriptHash(_ label: String) -> [UInt8]? { hashes[label] }

  /// Drops the keys.
  mutating func close() {
    if case .open(let transport) = state { transport.close() }
    state = .closed
  }

  private mutating func extend(_ side: PairingRole, index: UInt64, with plaintext: [UInt8]) {
    chains[side] = SHA256.hash((chains[side] ?? []) + bigEndian(index) + prefixed(plaintext))
  }

  private mutating func close(_ label: String) -> String? {
    guard sentLabels.contains(label), receivedLabels.contains(label) else { return nil }
    let (sentByAlice, sentByBob) = role == .alice ? (framesSent, framesReceived) : (framesReceived, framesSent)
    var input: [UInt8] = ascii("TACC2/th") + prefixed(ascii(label)) + outerHash
    input += bigEndian(sentByAlice) + (chains[.alice] ?? [])
    input += bigEndian(sentByBob) + (chains[.bob] ?? [])
    hashes[label] = SHA256.hash(input)
    return label
  }
}
