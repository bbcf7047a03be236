import Motion

@testable import Pairing

/// Recordings that the tests share, made once.
enum Rig {
  static let together = simulate { _ in }
  /// One samples at half the other's rate.
  static let mixed = simulate {
    $0.rateAlice = 100
    $0.rateBob = 200
  }
  static let strangers = simulate { $0.relation = .apart }

  static func simulate(_ change: (inout SimulatorParameters) -> Void) -> SimulatedPair {
    var parameters = SimulatorParameters(seed: 7)
    parameters.seconds = 14
    change(&parameters)
    do { return try Simulator.simulate(parameters) } catch { preconditionFailure("\(error)") }
  }
}

/// A peer that follows the protocol except where its script says otherwise: the same core inside the same sealed
/// session, with the script between the two.
struct ScriptedPeer {
  var session: SealedSession
  var core: PairingCore
  /// What becomes of a frame that the core wants to send.
  var script: (Frame, inout ScriptedPeer) -> [Frame] = { frame, _ in [frame] }
  /// What becomes of a packet on its way to the other side.
  var wire: ([UInt8]) -> [[UInt8]] = { [$0] }
  var sent = 0
  /// Why the peer's own core ended, if it did.
  var failure: AbortReason?

  init(
    role: PairingRole, recording: Recording, profiles: [QuantiserProfile] = [.guard], rehearsal: Rehearsal? = nil,
    identity: BoardIdentity? = nil, references: [PairingRole] = [.alice],
    hello change: (Hello) -> Hello = { $0 }
  ) throws {
    var configuration = PairingConfiguration(
      role: role, sessionID: Duel.sessionID, source: .recording(assumesOnset: false),
      sensors: [.gyroscope, .accelerometer])
    configuration.profiles = profiles
    configuration.rehearsal = rehearsal
    configuration.identity = identity
    configuration.references = references
    let hello = change(
      Hello(
        role: role, profiles: profiles, sensors: [.gyroscope, .accelerometer], margin: 512,
        nonce: [UInt8](repeating: role.byte, count: 32), offersIdentity: identity != nil))
    session = SealedSession(role: role, sessionID: Duel.sessionID, hello: hello)
    core = PairingCore(configuration: configuration, hello: hello)
    self.recording = recording
  }

  let recording: Recording

  mutating func receive(_ packet: [UInt8], at now: PairingInstant) -> [[UInt8]] {
    var out: [[UInt8]] = []
    guard let received = try? session.receive(packet) else { return out }
    switch received {
    case .opening(let replies, let opened):
      out += replies
      if opened, let hello = session.peerHello {
        pass(.opened(outerHash: session.outerHash, peerHello: hello), at: now, into: &out)
      }
    case .repeatedGreeting: break
    case .frame(let frame, let closed):
      pass(.frame(frame), at: now, into: &out)
      if let closed, let hash = session.transcriptHash(closed) {
        pass(.checkpointClosed(label: closed, hash: hash), at: now, into: &out)
      }
    }
    return out.flatMap(wire)
  }

  mutating func pass(_ input: CoreInput, at now: PairingInstant, into out: inout [[UInt8]]) {
    do { try core.handle(input, at: now) } catch { failure = error }
    let outputs = core.outputs
    core.outputs = []
    var samples = false
    for output in outputs {
      switch output {
      case .send(let frame):
        for altered in script(frame, &self) {
          guard let sealed = try? session.seal(altered) else { continue }
          sent += 1
          out.append(sealed.packet)
          if let closed = sealed.closed, let hash = session.transcriptHash(closed) {
            pass(.checkpointClosed(label: closed, hash: hash), at: now, into: &out)
          }
        }
      case .startSampling: samples = true
      default: break
      }
    }
    guard samples else { return }
    pass(.samples(recording), at: now, into: &out)
    pass(.sourceEnded, at: now, into: &out)
  }
}

/// An honest machine against a scripted peer, until the honest side ends or nothing more happens.
struct Duel {
  static let sessionID = [UInt8](repeating: 9, count: 16)
  var machine: PairingMachine
  var peer: ScriptedPeer
  var honestRecording: Recording
  var ending: Result<PairedSession, AbortReason>?
  /// What the peer says, and how many seconds later, when nobody has anything to say; by default time passes until
  /// the honest side's deadline.
  var idle: (inout ScriptedPeer) -> (packet: [UInt8], seconds: Double)? = { _ in nil }
  /// When the honest side ended.
  var now = PairingInstant(nanoseconds: 0)
  /// The last abort that the honest side told its peer.
  var told: String?

  /// The honest side plays `role` of the rig; the peer plays the other with a script. Alice is the reference, so that
  /// scripts know who does what.
  init(
    honest role: PairingRole, rig: SimulatedPair = Rig.together,
    source: PairingConfiguration.Source = .recording(assumesOnset: false), profiles: [QuantiserProfile] = [.guard],
    peer: ScriptedPeer? = nil, identity: BoardIdentity? = nil, references: [PairingRole] = [.alice]
  ) throws {
    let own = role == .alice ? rig.alice.recording : rig.bob.recording
    let other = role == .alice ? rig.bob.recording : rig.alice.recording
    var configuration = PairingConfiguration(
      role: role, sessionID: Duel.sessionID, source: source, sensors: [.gyroscope, .accelerometer])
    configuration.profiles = profiles
    configuration.identity = identity
    configuration.references = references
    machine = try PairingMachine(configuration: configuration)
    honestRecording = own
    self.peer =
      try peer ?? ScriptedPeer(role: role.peer, recording: other, profiles: profiles, references: references)
  }

  /// Runs to the end and returns the reason why the honest side aborted; `nil` if it paired.
  mutating func run() -> AbortReason? {
    var toPeer: [[UInt8]] = []
    var toMachine: [[UInt8]] = peer.wire(peer.session.greeting)
    act(machine.handle(.start, at: now), &toPeer, now)
    while ending == nil {
      if !toMachine.isEmpty {
        act(machine.handle(.packet(toMachine.removeFirst()), at: now), &toPeer, now)
      } else if !toPeer.isEmpty {
        toMachine += peer.receive(toPeer.removeFirst(), at: now)
      } else if let (packet, seconds) = idle(&peer) {
        now = now.advanced(bySeconds: seconds)
        toMachine.append(packet)
      } else if let deadline = machine.deadline {
        // Nobody has anything to say: time passes.
        now = deadline
        act(machine.handle(.tick, at: now), &toPeer, now)
      } else {
        break
      }
    }
    // What the honest side said last, as the peer's core understands it.
    while !toPeer.isEmpty {
      guard let received = try? peer.session.receive(toPeer.removeFirst()), case .frame(let frame, _) = received else {
        continue
      }
      if frame.type == .abort { told = AbortFrame.name(of: frame.body) }
      // The last message of a pairing that went well.
      if frame.type == .identityProof { try? peer.core.handle(.frame(frame), at: now) }
    }
    if case .failure(let reason) = ending { return reason }
    return nil
  }

  private mutating func act(_ actions: [PairingAction], _ toPeer: inout [[UInt8]], _ now: PairingInstant) {
    var samples = false
    for action in actions {
      switch action {
      case .send(let packet): toPeer.append(packet)
      case .startSampling: samples = true
      case .paired(let session): ending = .success(session)
      case .aborted(let reason): ending = .failure(reason)
      default: break
      }
    }
    guard samples else { return }
    act(machine.handle(.samples(honestRecording), at: now), &toPeer, now)
    act(machine.handle(.sourceEnded, at: now), &toPeer, now)
  }

  /// A duel in which one frame type of the peer's is altered, from its first occurrence on.
  static func altering(
    _ type: FrameType, honest: PairingRole, profiles: [QuantiserProfile] = [.guard],
    _ change: @escaping (Frame) -> [Frame]
  ) throws -> Duel {
    var duel = try Duel(honest: honest, profiles: profiles)
    duel.peer.script = { frame, _ in frame.type == type ? change(frame) : [frame] }
    return duel
  }
}

extension Frame {
  /// The frame of a plan that takes Alice for the reference.
  static func plan(_ encoded: [UInt8]) -> Frame { Frame(type: .plan, body: [PairingRole.alice.byte] + encoded) }

  /// What a plan's frame has behind the reference.
  var plan: [UInt8] { Array(body.dropFirst()) }

  /// The same frame with one bit of its last byte flipped.
  var damaged: Frame {
    var copy = self
    if !copy.body.isEmpty { copy.body[copy.body.count - 1] ^= 1 }
    return copy
  }
}
