import Service
import Dispatch
import Platform
import Pairing
import Peers
import Sensors

/// The long-running agent: waits for a press without using the sensor, runs one window at a time, tells what happens.
///
/// One task owns everything that changes; button, signals, control socket, timers and the window under way only send it
/// inputs. What is to be done about an input is decided by ``AgentMachine``.
public struct AgentDaemon: Sendable {
  /// Reads the configuration, at the start and at every reload.
  let load: @Sendable () throws -> AgentConfiguration
  let devices: AgentDevices
  let log: ServiceLog
  let environment: [String: String]
  let version: String
  /// How long it waits for what might take for ever.
  var limits = AgentLimits()

  /// An agent.
  ///
  /// - Parameters:
  ///   - load: reads the configuration.
  ///   - devices: the hardware.
  ///   - log: its minimum level is set from the configuration.
  ///   - environment: for `NOTIFY_SOCKET` and its kin.
  ///   - version: told on the control socket.
  public init(
    load: @escaping @Sendable () throws -> AgentConfiguration, devices: AgentDevices, log: ServiceLog,
    environment: [String: String], version: String
  ) {
    self.load = load
    self.devices = devices
    self.log = log
    self.environment = environment
    self.version = version
  }

  /// Runs until a terminating signal, for a caller that has nothing else to do.
  ///
  /// - Throws: as ``run(signals:)`` does, and where the system gives no thread.
  public func runBlocking(signals: AsyncStream<ProcessSignal>) throws {
    try AgentThread.current.prepare()
    let ending = Locked<Result<Void, any Error>?>(nil)
    let done = DispatchSemaphore(value: 0)
    _ = AgentThread.start {
      do {
        try await run(signals: signals)
        ending.withLock { $0 = .success(()) }
      } catch {
        ending.withLock { $0 = .failure(error) }
      }
      done.signal()
    }
    done.wait()
    try ending.withLock { $0 }?.get()
  }

  /// Runs until a terminating signal.
  ///
  /// - Throws: ``ConfigurationError``, `PeerError` or ``DeviceFailure``, or what the sensor throws, where it cannot start.
  public func run(signals: AsyncStream<ProcessSignal>) async throws {
    let (inputs, feed) = AsyncStream.makeStream(of: AgentInput.self)
    let configuration = try load()
    let state = try BoardState.open(configuration.state)
    var run = AgentRun(daemon: self, configuration: configuration, state: state, feed: feed)
    try await run.openDevices()
    let listener = AgentThread.start {
      for await signal in signals { feed.yield(.signal(signal)) }
    }
    defer { listener.cancel() }
    await run.loop(inputs)
  }
}

/// What the agent's task is told.
enum AgentInput: Sendable {
  /// What a button tells; the buttons that an agent opens are numbered, since one that was closed may still be heard.
  case button(ButtonPress, from: Int)
  /// It is time to try again what could not be opened.
  case retryDevices
  case signal(ProcessSignal)
  case control(ControlRequest, ControlConnection)
  case window(PairingWindow.Event, of: Int)
  case windowEnded(PairingWindow.Outcome, of: Int)
  /// The peer of a window's pairing was kept, or could not be.
  case peerKept(Result<BoardState.Kept, PeerError>, hooks: [String], of: Int)
  /// The hooks of a pairing are over.
  case hooksDone
  /// A window that was cancelled has not ended in time.
  case windowOverdue(Int)
  /// The sensor of a window, and of those before, is at rest.
  case settled(window: Int)
  /// The sensor was looked at.
  case sensorChecked
  case tick
  case watchdog
  case giveUp
}
