import Motion
import Pairing
import RelayLink
import Sensors

/// One pairing over a relay: joins the session, feeds the machine from link, sensor and clock, carries out its actions.
public struct RelayPairing: Sendable {
  /// Where the relay is.
  public var endpoint: RelayEndpoint
  /// Which session to join.
  public var sessionCode: String
  /// As whom.
  public var role: PairingRole
  /// Where the motion comes from.
  public var source: any MotionSource
  /// Which sensors that has.
  public var sensors: Set<SensorKind>
  /// A live sensor, or a recording.
  public var sourceKind: PairingConfiguration.Source
  /// How long to wait for the shake, seconds.
  public var windowSeconds: Double
  /// Permitted ways to make bits.
  public var profiles: [QuantiserProfile] = [.guard]
  /// Security margin, bits.
  public var margin = 512
  /// Who this board is, if it is to tell a peer that tells it too.
  public var identity: BoardIdentity?
  /// How long to wait for the other side, seconds.
  public var peerTimeout = 60.0
  /// Deadlines, certificates and proxies of the link.
  public var linkOptions = RelayLinkOptions()

  /// How it ended.
  public struct Outcome: Sendable {
    /// The session, or the reason why there is none.
    public let result: Result<PairedSession, AbortReason>
    /// What the machine can tell.
    public let report: PairingReport
    /// From the last sample used to the end, seconds.
    public let processingSeconds: Double
  }

  /// A pairing of a live sensor over a relay.
  public init(
    endpoint: RelayEndpoint, sessionCode: String, role: PairingRole, source: any MotionSource, sensors: Set<SensorKind>
  ) {
    self.endpoint = endpoint
    self.sessionCode = sessionCode
    self.role = role
    self.source = source
    self.sensors = sensors
    sourceKind = .live
    windowSeconds = 60
  }

  /// A pairing of a recording over a relay.
  ///
  /// - Parameter assumesOnset: whether the recording may begin in motion.
  public init(
    endpoint: RelayEndpoint, sessionCode: String, role: PairingRole, replay: ReplaySource, assumesOnset: Bool = false
  ) {
    self.init(
      endpoint: endpoint, sessionCode: sessionCode, role: role, source: replay,
      sensors: .of(gyroscope: replay.recording.hasGyroscope, accelerometer: replay.recording.hasAccelerometer))
    sourceKind = .recording(assumesOnset: assumesOnset)
    // A recording played in real time is over when it is over; stray time stamps do not count.
    windowSeconds = 60 + min(max(replay.recording.duration, 0), Capture.durationLimit)
  }

  private enum Input: Sendable {
    case link(RelayEvent)
    case motion(MotionEvent)
    case tick
  }

  /// Runs it to the end; cancelling the task ends it as cancelled.
  ///
  /// - Parameter progress: told what there is to see, from the task that runs this.
  /// - Throws: ``RelayLinkError`` where the session cannot be joined, ``AbortReason`` where the machine cannot be set up.
  public func run(progress: @Sendable (PairingProgress) -> Void = { _ in }) async throws -> Outcome {
    let link = try await RelayConnection.open(
      endpoint: endpoint, sessionCode: sessionCode, role: role == .alice ? .alice : .bob, options: linkOptions)
    var configuration = PairingConfiguration(
      role: role, sessionID: link.session.sessionID, source: sourceKind, sensors: sensors)
    configuration.profiles = profiles
    configuration.margin = margin
    configuration.identity = identity
    configuration.peerTimeout = peerTimeout
    configuration.windowSeconds = windowSeconds
    let machine = try PairingMachine(configuration: configuration)
    let outcome = await drive(machine, over: link, progress: progress)
    if case .failure = outcome.result { try? link.sendBye(code: "aborted") }
    await link.close()
    return outcome
  }

  private func drive(
    _ start: PairingMachine, over link: RelayConnection, progress: @Sendable (PairingProgress) -> Void
  ) async -> Outcome {
    var machine = start
    let clock = ContinuousClock()
    let epoch = clock.now
    func now() -> PairingInstant { PairingInstant(nanoseconds: (clock.now - epoch).nanoseconds) }

    let (inputs, feed) = AsyncStream.makeStream(of: Input.self)
    let pump = AgentThread.start {
      for await event in link.events { feed.yield(.link(event)) }
    }
    var sampler: Task<Void, Never>?
    var timer: (deadline: PairingInstant, task: Task<Void, Never>)?
    defer {
      pump.cancel()
      sampler?.cancel()
      timer?.task.cancel()
    }

    var lastSample = now()
    var result: Result<PairedSession, AbortReason>?
    func perform(_ actions: [PairingAction]) {
      for action in actions {
        switch action {
        case .send(let packet):
          do throws(RelayLinkError) {
            try link.send(packet: packet)
          } catch .closed {
            // Its end is on its way as an event, behind what the other board said last: that may be why.
          } catch {
            feed.yield(.link(.closed(.lost("\(error)"))))
          }
        case .startSampling:
          let source = source
          sampler = AgentThread.start {
            for await event in source.events() { feed.yield(.motion(event)) }
          }
        case .stopSampling:
          sampler?.cancel()
          lastSample = now()
        case .progress(let what): progress(what)
        case .paired(let session): result = .success(session)
        case .aborted(let reason): result = .failure(reason)
        }
      }
    }

    /// A tick when the machine's deadline has passed.
    func armTimer() {
      guard let deadline = machine.deadline, deadline != timer?.deadline else { return }
      timer?.task.cancel()
      let left = Duration.nanoseconds(max(0, deadline.nanoseconds &- now().nanoseconds))
      timer = (
        deadline,
        AgentThread.start {
          do { try await AgentThread.sleep(for: left) } catch { return }
          feed.yield(.tick)
        }
      )
    }

    await withTaskCancellationHandler {
      perform(machine.handle(.start, at: now()))
      // Before anything arrives: perhaps nothing ever does.
      armTimer()
      for await input in inputs {
        let event: PairingEvent? =
          switch input {
          case .link(let event): Self.event(for: event)
          case .motion(.scans(let batch)): .samples(batch)
          case .motion(.failed(let error)): .sourceFailed("\(error)")
          case .motion(.ended): .sourceEnded
          case .tick: .tick
          }
        if let event { perform(machine.handle(event, at: now())) }
        if machine.isFinished { break }
        armTimer()
      }
      // In a cancelled task the stream ends at once, whatever waits in it.
      if !machine.isFinished { perform(machine.handle(.cancel, at: now())) }
    } onCancel: {
      feed.finish()
    }
    return Outcome(
      result: result ?? .failure(.internalFault("the pairing ended without a result")), report: machine.report,
      processingSeconds: now().seconds(since: lastSample))
  }

  /// What a link event means to the machine; `nil` for what it need not know.
  private static func event(for event: RelayEvent) -> PairingEvent? {
    switch event {
    case .peerJoined: .peerJoined
    case .peerLeft, .peerBye: .peerLeft
    case .packet(let bytes): .packet(bytes)
    case .relayError(let text): .linkLost("the relay says: \(text)")
    case .protocolViolation(let text): .protocolViolation(text)
    case .closed(let closure): .linkLost("\(closure)")
    }
  }
}

extension Set<SensorKind> {
  /// The kinds that are there.
  static func of(gyroscope: Bool, accelerometer: Bool) -> Set<SensorKind> {
    Set([gyroscope ? .gyroscope : nil, accelerometer ? .accelerometer : nil].compactMap { $0 })
  }
}

extension Duration {
  /// The whole of the duration in nanoseconds.
  var nanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}
