import Agreement
import Motion
import SecureChannel
import Testing

@testable import Pairing

/// What a peer, a relay or a recording must not be able to do: postpone a deadline, skip a step, or end the program.
@Suite struct HostileInputTests {
  @Test func aGreetingSaidAgainPostponesNothing() throws {
    let configuration = PairingConfiguration(
      role: .bob, sessionID: Duel.sessionID, source: .recording(assumesOnset: false), sensors: [.gyroscope])
    var machine = try PairingMachine(configuration: configuration)
    let hello = Hello(
      role: .alice, profiles: [.guard], sensors: [.gyroscope], margin: 512, nonce: [UInt8](repeating: 1, count: 32))
    let start = PairingInstant(nanoseconds: 0)
    _ = machine.handle(.start, at: start)
    _ = machine.handle(.packet([1] + hello.encoded()), at: start)
    let deadline = try #require(machine.deadline)
    let later = PairingInstant(nanoseconds: deadline.nanoseconds - 1)
    #expect(machine.handle(.packet([1] + hello.encoded()), at: later).isEmpty)
    #expect(machine.deadline == deadline)
  }

  @Test(arguments: [UInt16(0), 127, 8193, .max])
  func aMarginNobodyMayConfigureIsRefused(margin: UInt16) throws {
    let peer = try ScriptedPeer(role: .bob, recording: Rig.together.bob.recording) {
      Hello(role: $0.role, profiles: $0.profiles, sensors: $0.sensors, margin: margin, nonce: $0.nonce)
    }
    var duel = try Duel(honest: .alice, peer: peer)
    #expect(duel.run()?.code == "malformed-message")
  }

  /// Alice opens first; a peer that opens before her is none of ours, and would pass her by the comparison of onsets.
  @Test func aPreambleOpenedBeforeAlicesIsRefused() throws {
    var duel = try Duel(honest: .alice)
    var replies = 0
    duel.peer.script = { frame, peer in
      switch frame.type {
      case .probeReply:
        replies += 1
        return replies > 2 ? [] : [frame]
      case .preambleCommit:
        guard let own = peer.core.ownPreamble else { return [frame] }
        return [frame, Frame(type: .preambleOpen, body: peer.core.ownNonce + prefixed(own.encoded()))]
      default: return [frame]
      }
    }
    #expect(duel.run()?.code == "unexpected-message")
  }

  @Test(arguments: [1e300, 9.3e9, .infinity, -1e300, .nan])
  func aDeadlineBeyondTheClockIsAsFarAsItGoes(seconds: Double) {
    let now = PairingInstant(nanoseconds: 5)
    let then = now.advanced(bySeconds: seconds)
    #expect(seconds > 0 ? then > now : then <= now || seconds.isNaN)
  }

  /// The fastest boards that the grid allows have preambles that one frame holds.
  @Test(arguments: [500.0, 512, 524]) func fastBoardsPair(rate: Double) throws {
    let rig = Rig.simulate {
      $0.rateAlice = rate
      $0.rateBob = rate
    }
    var duel = try Duel(honest: .alice, rig: rig)
    #expect(duel.run() == nil)
  }

  /// What cannot be sealed uses no nonce up, so that the abort after it can still be read.
  @Test func aFrameTooLargeLeavesTheChannelAsItWas() throws {
    var duel = try Duel(honest: .alice)
    duel.peer.script = { frame, peer in
      guard frame.type == .preambleCommit else { return [frame] }
      let large = Frame(type: .plan, body: [UInt8](repeating: 0, count: Frame.maximumCount))
      #expect(throws: AbortReason.self) { try peer.session.seal(large) }
      return [frame]
    }
    #expect(duel.run() == nil)
  }

  /// Stray stamps far in the past, between good ones, as a damaged capture has them.
  @Test func strayTimeStampsEndInAnAbort() throws {
    let rig = Rig.together
    var strayed = Recording()
    for i in 0..<min(rig.bob.recording.count, 2200) {
      strayed.append(contentsOf: rig.bob.recording[i..<(i + 1)])
      guard i < 210 else { continue }
      var stray = rig.bob.recording[i..<(i + 1)]
      stray.timestamps[0] = -(1 << 62) + 1
      strayed.append(contentsOf: stray)
    }
    let peer = try ScriptedPeer(role: .alice, recording: rig.alice.recording)
    var duel = try Duel(honest: .bob, peer: peer)
    duel.honestRecording = strayed
    _ = duel.run()
    #expect(duel.ending != nil)
  }
}
