/// What a button does.
public enum ButtonEvent: Sendable, Hashable {
  /// It went down; the time is CLOCK_MONOTONIC. A button that was down when listening began has not been pressed.
  case pressed(monotonicNanoseconds: Int64)
  /// It has been down for as long as a long press takes. Comes once for a press, while the button is still down.
  case held
  /// It came up again, after ``pressed(monotonicNanoseconds:)``.
  case released
  /// It can no longer be listened to; the last event.
  case failed(ControlsError)
}

/// Something with one button.
public protocol Button: Sendable {
  /// Where the button is, for a log.
  var place: String { get }
  /// What about it is not as configured, for a log; empty if everything is.
  var notes: [String] { get }
  /// Listens on a thread of its own, which sleeps until the button moves.
  ///
  /// For one consumer at a time: a second stream gets ``ControlsError/alreadyListening(_:)``. The stream ends after
  /// ``ButtonEvent/failed(_:)``, or when its consumer is cancelled or drops it; another may begin at once then.
  func events() -> AsyncStream<ButtonEvent>
  /// Ends the stream and gives the line or device back: whoever asks for it after this returned gets it. It waits for
  /// the listening thread, so it must not be called where that may wait for the caller.
  func close()
}
