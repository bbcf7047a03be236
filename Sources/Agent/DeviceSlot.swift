/// The place of one device: with which settings it was opened, and what is left of the one before.
struct DeviceSlot<Settings: Hashable & Sendable, Device: Sendable>: Sendable {
  /// What the slot holds; no device where the settings name none. `nil` while it could not be opened.
  private var content: (settings: Settings, device: Device?)?
  private var closing: Task<Void, Never>?
  private let release: @Sendable (Device) async -> Void

  /// An empty slot.
  ///
  /// - Parameter release: gives a device back; returns when it is free.
  init(release: @escaping @Sendable (Device) async -> Void) { self.release = release }

  /// The device, where there is one.
  var device: Device? { content?.device }

  /// Opens the device of these settings, unless that has been done; what the slot held before is closed first.
  ///
  /// - Parameters:
  ///   - limit: how long to wait for the device before to be free.
  ///   - open: opens the device; `nil` where the settings name none.
  /// - Returns: whether the device is a new one.
  mutating func fill(
    with settings: Settings, atMost limit: Duration, _ open: () throws -> Device?
  ) async throws -> Bool {
    guard content?.settings != settings else { return false }
    empty()
    guard await isFree(within: limit) else { throw StillHeld() }
    content = (settings, try open())
    return true
  }

  /// Begins to close what the slot holds.
  mutating func empty() {
    guard let device = content?.device else {
      content = nil
      return
    }
    content = nil
    closing = AgentThread.start { [release, previous = closing] in
      await previous?.value
      await release(device)
    }
  }

  /// Waits until what the slot held is free.
  mutating func isFree(within limit: Duration) async -> Bool {
    guard let closing else { return true }
    guard await AgentThread.wait(for: closing, atMost: limit) else { return false }
    self.closing = nil
    return true
  }
}

/// Why a device cannot be opened again: this program has not yet let go of it.
struct StillHeld: Error, CustomStringConvertible {
  var description: String { "it has not been released yet, since its driver takes its time; dmesg may tell why" }
}
