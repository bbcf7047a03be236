import NIOConcurrencyHelpers
import NIOCore

/// Who is connected: how many, from where, what for; and whether anybody may still come.
///
/// One lock for all is enough: a connection passes through it a few times in its life.
final class Admission: Sendable {
  /// The WebSockets that are open.
  struct Sockets: Sendable, Equatable {
    /// In a session.
    var sessions = 0
    /// In a room.
    var rooms = 0
  }

  private struct State: Sendable {
    var connections = 0
    /// The most there were at a time since ``Admission/leaveSpareMemory()`` last said so.
    var mostConnections = 0
    var perAddress = AddressTally()
    var sockets = Sockets()
    var lookups: AddressQuota
    /// Set once the relay takes nobody any more; completes when no session has anybody in it.
    var drained: EventLoopPromise<Void>?
  }

  private let limits: RelayLimits
  private let state: NIOLockedValueBox<State>

  init(limits: RelayLimits) {
    self.limits = limits
    state = NIOLockedValueBox(
      State(lookups: AddressQuota(limit: limits.lookupsPerAddressMinute, per: AddressQuota.minute)))
  }

  var connections: Int { state.withLockedValue { $0.connections } }

  var sockets: Sockets { state.withLockedValue { $0.sockets } }

  // MARK: Connections

  /// Counts a connection in.
  /// - Parameter address: Who it counts for, if for anybody.
  /// - Returns: the name of the limit that forbids it, in which case it is not counted.
  func admitConnection(from address: AddressKey?) -> String? {
    state.withLockedValue { state in
      guard state.connections < limits.openConnections else { return "openConnections" }
      if let address {
        guard state.perAddress[address] < limits.connectionsPerAddress else { return "connectionsPerAddress" }
        state.perAddress.add(address)
      }
      state.connections += 1
      state.mostConnections = max(state.mostConnections, state.connections)
      return nil
    }
  }

  /// Counts a connection out that ``admitConnection(from:)`` let in.
  func releaseConnection(from address: AddressKey?) {
    state.withLockedValue { state in
      state.connections -= 1
      if let address { state.perAddress.remove(address) }
    }
  }

  /// Whether so many connections are gone that it pays to give back to the system what they took: half of the most there
  /// were, and a hundred at least. Then counting begins anew.
  func leaveSpareMemory() -> Bool {
    state.withLockedValue { state in
      guard state.mostConnections - state.connections >= 100, state.connections <= state.mostConnections / 2 else {
        return false
      }
      state.mostConnections = state.connections
      return true
    }
  }

  /// Counts for the address that a proxy named one of the proxy's connections.
  /// - Returns: `false`, and not counted, where the address has as many as it may.
  func admitForwarded(from address: AddressKey) -> Bool {
    state.withLockedValue { state in
      guard state.perAddress[address] < limits.connectionsPerAddress else { return false }
      state.perAddress.add(address)
      return true
    }
  }

  /// Takes back ``admitForwarded(from:)``.
  func releaseForwarded(from address: AddressKey) {
    state.withLockedValue { $0.perAddress.remove(address) }
  }

  // MARK: Looking for codes

  /// Counts a question for a code, or a step into a room.
  /// - Returns: the nanoseconds that `address` has to wait where it asked too often.
  func admitLookup(from address: AddressKey?, at now: Int64) -> Int64? {
    guard let address else { return nil }
    return state.withLockedValue { $0.lookups.admit(address, at: now) }
  }

  // MARK: WebSockets

  func opened(_ kind: WritableKeyPath<Sockets, Int> & Sendable) {
    state.withLockedValue { $0.sockets[keyPath: kind] += 1 }
  }

  func closed(_ kind: WritableKeyPath<Sockets, Int> & Sendable) {
    let drained = state.withLockedValue { state in
      state.sockets[keyPath: kind] -= 1
      return state.sockets.sessions == 0 ? state.drained : nil
    }
    drained?.succeed()
  }

  // MARK: The end

  var isDraining: Bool { state.withLockedValue { $0.drained != nil } }

  /// Takes nobody from now on; `promise` completes when nobody is in a session.
  func drain(_ promise: EventLoopPromise<Void>) {
    let isEmpty = state.withLockedValue { state in
      state.drained = promise
      return state.sockets.sessions == 0
    }
    if isEmpty { promise.succeed() }
  }

  /// Waits for no session any longer.
  func stopWaiting() {
    state.withLockedValue { $0.drained }?.succeed()
  }
}
