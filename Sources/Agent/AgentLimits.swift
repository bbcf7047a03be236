/// How long the agent waits for what might take for ever.
struct AgentLimits: Sendable {
  /// From a terminating signal to the end of the program, whatever is still under way.
  var termination = Duration.milliseconds(800)
  /// From the cancellation of a window to its end, where it does not end by itself.
  var cancellation = Duration.milliseconds(600)
  /// For the sensor of the window before to come to rest.
  var rest = Duration.seconds(5)
  /// For a device to be released.
  var release = Duration.milliseconds(100)
  /// After what time a device that could not be opened is tried again.
  var retry = Duration.seconds(5)
}
