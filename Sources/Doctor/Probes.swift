import Agent
import Controls
import Motion
import RelayLink
import Sensors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What a doctor asks of the world besides files, or what stands in for it.
public struct Probes: Sendable {
  /// What sensors there are in a context, and which would be used.
  public var survey: @Sendable (IIOSettings) async -> Result<SensorSurvey, SensorError>
  /// The same of input devices.
  public var inputSurvey: @Sendable (String?) async -> Result<InputSurvey, SensorError>
  /// Uses the sensor of a configuration for a short time.
  public var read: @Sendable (AgentConfiguration) async -> SensorRead
  /// Looks at a GPIO line.
  public var line: @Sendable (GPIOLineReference) -> Result<LineSurvey, ControlsError>
  /// The version of libcurl, and why it will not do, if it will not.
  public var libcurl: @Sendable () -> (version: String, problem: RelayLinkError?)
  /// Why a relay does not let boards wait in a room; `nil` if it does.
  public var relay: @Sendable (RelayEndpoint, RelayLinkOptions) async -> RelayLinkError?
  /// What the agent at a control socket says of itself; `nil` if none answers.
  public var agent: @Sendable (String) -> String?
  /// Seconds since 1970.
  public var now: @Sendable () -> Int64

  /// Probes.
  public init(
    survey: @escaping @Sendable (IIOSettings) async -> Result<SensorSurvey, SensorError>,
    inputSurvey: @escaping @Sendable (String?) async -> Result<InputSurvey, SensorError>,
    read: @escaping @Sendable (AgentConfiguration) async -> SensorRead,
    line: @escaping @Sendable (GPIOLineReference) -> Result<LineSurvey, ControlsError>,
    libcurl: @escaping @Sendable () -> (version: String, problem: RelayLinkError?),
    relay: @escaping @Sendable (RelayEndpoint, RelayLinkOptions) async -> RelayLinkError?,
    agent: @escaping @Sendable (String) -> String?,
    now: @escaping @Sendable () -> Int64
  ) {
    (self.survey, self.inputSurvey, self.read, self.line) = (survey, inputSurvey, read, line)
    (self.libcurl, self.relay, self.agent, self.now) = (libcurl, relay, agent, now)
  }

  /// This machine.
  public static let machine = Probes(
    survey: { settings in
      do throws(SensorError) { return .success(try await IIOSource(settings).survey()) } catch {
        return .failure(error)
      }
    },
    inputSurvey: { device in
      do throws(SensorError) {
        return .success(try await EvdevSource(device: device).survey())
      } catch { return .failure(error) }
    },
    read: { configuration in
      let source: any MotionSource =
        switch configuration.sensor {
        case .iio(let uri, let device): IIOSource(IIOSettings(uri: uri, device: device, rate: configuration.rate))
        case .evdev(let device): EvdevSource(device: device)
        }
      return await SensorRead.of(source, seconds: 1.5)
    },
    line: { reference in
      do throws(ControlsError) { return .success(try LineSurvey(reference)) } catch { return .failure(error) }
    },
    libcurl: {
      do throws(RelayLinkError) {
        try Libcurl.check()
        return (Libcurl.version, nil)
      } catch { return (Libcurl.version, error) }
    },
    relay: { await waitInRoomOfItsOwn(at: $0, options: $1) },
    agent: { path in
      var state: String?
      try? ControlClient(path: path).ask(ControlRequest(command: .status)) { answer in state = answer.state }
      return state
    },
    now: { Int64(time(nil)) })

  /// Waits in a room in which nobody else is, as an agent does in its own, until the relay says that it does.
  private static func waitInRoomOfItsOwn(
    at endpoint: RelayEndpoint, options: RelayLinkOptions
  ) async -> RelayLinkError? {
    let room = "doctor-\(UInt64.random(in: 0 ... .max))"
    let (joined, feed) = AsyncStream.makeStream(of: RelayLinkError?.self)
    let waiting = Task {
      do throws(RelayLinkError) {
        _ = try await waitForMatch(at: endpoint, room: room, options: options) { feed.yield(nil) }
        feed.yield(nil)
      } catch {
        feed.yield(error)
      }
      feed.finish()
    }
    var iterator = joined.makeAsyncIterator()
    let result = await iterator.next() ?? nil
    waiting.cancel()
    await waiting.value
    return result
  }
}
