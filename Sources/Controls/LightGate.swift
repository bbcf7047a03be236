internal import Platform

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Lets a light be set until it is closed, from whichever thread; closing puts it off, once.
final class LightGate: Sendable {
  private let output: Locked<(any LightOutput)?>

  init(_ output: any LightOutput) { self.output = Locked(output) }

  /// Sets the light; does nothing once closed.
  func set(_ isOn: Bool) throws(ControlsError) {
    let result: Result<Void, ControlsError> = output.withLock { output in
      // Held while the kernel is called, so that nothing lights it after it was closed.
      do throws(ControlsError) { return .success(try output?.set(isOn) ?? ()) } catch { return .failure(error) }
    }
    try result.get()
  }

  /// Puts the light off and lets go of it.
  func close() {
    output.withLock { output in
      // Nobody is left who could do something about an error.
      try? output?.restore()
      output = nil
    }
  }
}

/// Puts lights off when the process ends without closing them.
enum LightsAtExit {
  private static let gates = Locked<(next: Int, gates: [Int: LightGate])>((0, [:]))

  private static let registration: Void = {
    // Fails only without memory; lights are then left to close().
    _ = atexit { LightsAtExit.closeAll() }
  }()

  /// Adds a light, and returns its number for ``remove(_:)``.
  static func add(_ gate: LightGate) -> Int {
    _ = registration
    return gates.withLock { state in
      state.next += 1
      state.gates[state.next] = gate
      return state.next
    }
  }

  static func remove(_ number: Int) { gates.withLock { _ = $0.gates.removeValue(forKey: number) } }

  static func closeAll() {
    let open = gates.withLock { Array($0.gates.values) }
    open.forEach { $0.close() }
  }
}
