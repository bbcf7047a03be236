import Service
import Controls
import Sensors

/// What a button tells the agent.
public enum ButtonPress: Sendable, Hashable {
  /// It went down.
  case pressed
  /// It has been down for long.
  case held
  /// It cannot be read any more; why, and what to do.
  case failed(String)
}

/// A button that is open.
public struct AgentButton: Sendable {
  /// Its presses from now on.
  public var presses: AsyncStream<ButtonPress>
  /// Ends the presses; returns when the button is free for whoever opens it next.
  public var close: @Sendable () async -> Void

  /// A button.
  public init(presses: AsyncStream<ButtonPress>, close: @escaping @Sendable () async -> Void = {}) {
    self.presses = presses
    self.close = close
  }
}

/// A light that shows what happens.
public protocol AgentLight: Sendable {
  /// Shows a pattern until the next.
  func show(_ pattern: LightPattern)
  /// Dark, and the line given back, when it returns. Called on a thread of its own: it may block.
  func close()
}

/// The hardware around the agent, or what stands in for it.
public struct AgentDevices: Sendable {
  /// The motion sensor of a configuration; nothing is opened yet.
  public var sensor: @Sendable (AgentConfiguration, ServiceLog) throws -> any MotionSource
  /// The button, or `nil` where the configuration has none.
  public var button: @Sendable (AgentConfiguration, ServiceLog) throws -> AgentButton?
  /// The light, or `nil` where the configuration has none.
  public var light: @Sendable (AgentConfiguration, ServiceLog) throws -> (any AgentLight)?

  /// Devices.
  public init(
    sensor: @escaping @Sendable (AgentConfiguration, ServiceLog) throws -> any MotionSource,
    button: @escaping @Sendable (AgentConfiguration, ServiceLog) throws -> AgentButton?,
    light: @escaping @Sendable (AgentConfiguration, ServiceLog) throws -> (any AgentLight)?
  ) {
    self.sensor = sensor
    self.button = button
    self.light = light
  }
}
