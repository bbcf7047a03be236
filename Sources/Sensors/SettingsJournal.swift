#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The settings of a sensor that were changed, so that they can be put back.
struct SettingsJournal {
  private enum Entry {
    case attribute(IIOAttribute, value: String)
    case trigger(device: String, trigger: String?)
  }

  private var entries: [Entry] = []

  /// Sets an attribute, unless it has that value.
  mutating func set(
    _ attribute: IIOAttribute, to value: String, in context: any IIOContextAccess
  ) throws(IIOFailure) {
    let old = try context.read(attribute)
    guard old != value else { return }
    // Even where writing fails: a driver may have set half of it. What is as it was is not written again.
    entries.append(.attribute(attribute, value: old))
    try context.write(value, to: attribute)
  }

  /// Notes the value of an attribute that somebody else is about to change.
  mutating func note(_ attribute: IIOAttribute, in context: any IIOContextAccess) {
    // What cannot be read cannot be put back.
    if let old = try? context.read(attribute) { entries.append(.attribute(attribute, value: old)) }
  }

  /// Gives a trigger to a device that has none.
  mutating func setTrigger(
    _ trigger: String, of device: String, in context: any IIOContextAccess
  ) throws(IIOFailure) {
    entries.append(.trigger(device: device, trigger: nil))
    try context.setTrigger(trigger, of: device)
  }

  /// Puts everything back, the last change first.
  ///
  /// A machine that serves the sensor may need a moment after the buffer was closed to notice that, and refuses as long.
  ///
  /// - Parameters:
  ///   - patience: how often a refusal as busy is met with another attempt, in all.
  ///   - pause: waits before another attempt.
  /// - Returns: what could not be put back. A sensor that is gone, or out of reach, is asked no further.
  mutating func restore(
    in context: any IIOContextAccess, patience: Int = 0, pause: () -> Void = {}
  ) -> [IIOFailure] {
    var failures: [IIOFailure] = []
    var patience = patience
    while let entry = entries.last {
      do throws(IIOFailure) {
        switch entry {
        case .attribute(let attribute, let value):
          if try context.read(attribute) != value { try context.write(value, to: attribute) }
        case .trigger(let device, let trigger):
          if try context.trigger(of: device) != (trigger.map { .device($0) } ?? .none) {
            try context.setTrigger(trigger, of: device)
          }
        }
        entries.removeLast()
      } catch {
        if error.code == EBUSY, patience > 0 {
          patience -= 1
          pause()
          continue
        }
        failures.append(error)
        entries.removeLast()
        if Self.isLost(error) { entries.removeAll() }
      }
    }
    return failures
  }

  private static func isLost(_ failure: IIOFailure) -> Bool {
    [ENODEV, ENOENT, EPIPE, ECONNRESET, ENOTCONN, ETIMEDOUT, EBADF, ESHUTDOWN].contains(failure.code)
  }
}
