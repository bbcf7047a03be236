import NIOCore
import NIOEmbedded
import Testing

@testable import Relay

@Suite("Who may connect")
struct AdmissionTests {
  private let here = AddressKey(ipv4: 1)
  private let there = AddressKey(ipv4: 2)

  private func admission(_ change: (inout RelayLimits) -> Void) -> Admission {
    var limits = RelayLimits()
    change(&limits)
    return Admission(limits: limits)
  }

  @Test("openConnections and connectionsPerAddress, at the bound and one past it, and free again")
  func connections() {
    let admission = admission {
      $0.openConnections = 3
      $0.connectionsPerAddress = 2
    }
    #expect(admission.admitConnection(from: here) == nil)
    #expect(admission.admitConnection(from: here) == nil)
    #expect(admission.admitConnection(from: here) == "connectionsPerAddress")
    #expect(admission.admitConnection(from: there) == nil)
    #expect(admission.admitConnection(from: there) == "openConnections")
    #expect(admission.connections == 3)
    admission.releaseConnection(from: here)
    #expect(admission.admitConnection(from: here) == nil)
    #expect(admission.admitConnection(from: nil) == "openConnections")
  }

  @Test("memory is spare once half of the connections are gone, and a hundred at least, and then not again")
  func spareMemory() {
    let admission = admission { $0.connectionsPerAddress = 1_000 }
    func connect(_ count: Int) { for _ in 0..<count { #expect(admission.admitConnection(from: here) == nil) } }
    func leave(_ count: Int) { for _ in 0..<count { admission.releaseConnection(from: here) } }
    #expect(!admission.leaveSpareMemory())
    connect(99)
    leave(99)
    #expect(!admission.leaveSpareMemory())
    connect(100)
    leave(99)
    #expect(!admission.leaveSpareMemory())
    leave(1)
    #expect(admission.leaveSpareMemory())
    #expect(!admission.leaveSpareMemory())
    connect(300)
    leave(149)
    #expect(!admission.leaveSpareMemory())
    leave(1)
    #expect(admission.leaveSpareMemory())
    // From the 150 that are left.
    leave(99)
    #expect(!admission.leaveSpareMemory())
    leave(1)
    #expect(admission.leaveSpareMemory())
  }

  @Test("what a proxy forwards counts for whom it names")
  func forwarded() {
    let admission = admission { $0.connectionsPerAddress = 1 }
    #expect(admission.admitConnection(from: nil) == nil)
    #expect(admission.admitConnection(from: nil) == nil)
    #expect(admission.admitForwarded(from: here))
    #expect(!admission.admitForwarded(from: here))
    #expect(admission.admitForwarded(from: there))
    #expect(admission.admitConnection(from: here) == "connectionsPerAddress")
    admission.releaseForwarded(from: here)
    #expect(admission.admitForwarded(from: here))
  }

  @Test("lookupsPerAddressMinute, at the bound and one past it, and again after a minute")
  func lookups() {
    let admission = admission { $0.lookupsPerAddressMinute = 2 }
    #expect(admission.admitLookup(from: here, at: 0) == nil)
    #expect(admission.admitLookup(from: here, at: 1_000) == nil)
    #expect(admission.admitLookup(from: here, at: 2_000) == AddressQuota.minute - 2_000)
    #expect(admission.admitLookup(from: there, at: 2_000) == nil)
    #expect(admission.admitLookup(from: here, at: AddressQuota.minute - 1) == 1)
    #expect(admission.admitLookup(from: here, at: AddressQuota.minute) == nil)
  }

  @Test("a relay is drained when nobody is in a session, whoever is in rooms")
  func drained() throws {
    let loop = EmbeddedEventLoop()
    for sockets in 0...2 {
      let admission = admission { _ in }
      admission.opened(\.rooms)
      for _ in 0..<sockets { admission.opened(\.sessions) }
      let drained = loop.makePromise(of: Void.self)
      let isDrained = Flag()
      drained.futureResult.whenSuccess { isDrained.value = true }
      #expect(!admission.isDraining)
      admission.drain(drained)
      #expect(admission.isDraining)
      for _ in 0..<sockets {
        loop.run()
        #expect(!isDrained.value)
        admission.closed(\.sessions)
      }
      loop.run()
      #expect(isDrained.value)
    }
  }
}

/// Set on an embedded event loop, which runs on the thread of the test.
private final class Flag: @unchecked Sendable {
  var value = false
}
