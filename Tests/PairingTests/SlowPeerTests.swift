import Agreement
import Motion
import Testing

@testable import Pairing

/// What a peer or a relay gains by being slow: nothing.
@Suite struct SlowPeerTests {
  /// Every message renews the deadline of the step; the attempt's own stays.
  @Test func askingOneParityAtATimeDoesNotPostponeTheEnd() throws {
    var duel = try Duel(honest: .alice)
    var reconciling = false
    duel.peer.script = { frame, _ in
      guard frame.type == .parityQuery else { return [frame] }
      reconciling = true
      return []
    }
    var asked = 0
    duel.idle = { peer in
      guard reconciling else { return nil }
      asked += 1
      let query = ParityQuery.encode([ParityQuery(pass: 0, start: 0, end: asked)])
      guard let sealed = try? peer.session.seal(Frame(type: .parityQuery, body: query)) else { return nil }
      return (sealed.packet, 9)
    }
    #expect(duel.run()?.code == "attempt-too-long")
    #expect(duel.now >= PairingInstant(nanoseconds: 120_000_000_000))
    #expect(duel.now <= PairingInstant(nanoseconds: 129_000_000_000))
    #expect(asked < 15)
  }

  @Test func silenceUntilTheEndOfTheAttemptEndsItOnTime() throws {
    var configuration = PairingConfiguration(
      role: .alice, sessionID: Duel.sessionID, source: .recording(assumesOnset: false),
      sensors: [.gyroscope, .accelerometer])
    configuration.attemptTimeout = 3
    var duel = try Duel(honest: .alice)
    duel.machine = try PairingMachine(configuration: configuration)
    var silent = false
    duel.peer.script = { frame, _ in
      if frame.type == .maskOpen { silent = true }
      return silent ? [] : [frame]
    }
    #expect(
      duel.run() == .attemptTooLong(step: PairingCore.Step.collecting.rawValue, seconds: 3),
      "before the ten seconds of the step")
    #expect(duel.now == PairingInstant(nanoseconds: 3_000_000_000))
  }

  // MARK: - The comparison of onsets on live boards

  /// The honest Alice's end where every probe takes `roundTrip` seconds and Bob says that he began `apart` seconds later
  /// than she did.
  private func end(roundTrip: Double, apart: Double) throws -> String? {
    var duel = try Duel(honest: .alice, source: .live)
    var replies: [Frame] = []
    duel.peer.script = { frame, _ in
      switch frame.type {
      case .probeReply:
        // Bob's clock is Alice's, and he answers at half time.
        var reader = ByteReader(frame.body)
        guard let index = try? reader.read(UInt8.self) else { return [frame] }
        let half = bigEndian(Int64((Double(index) + 0.5) * roundTrip * 1e9))
        replies.append(Frame(type: .probeReply, body: [index] + half + half))
        return []
      case .preambleCommit:
        return [Frame(type: .preambleCommit, body: bigEndian(Int64(apart * 1e9)) + frame.body.dropFirst(8))]
      default: return [frame]
      }
    }
    duel.idle = { peer in
      guard !replies.isEmpty, let sealed = try? peer.session.seal(replies.removeFirst()) else { return nil }
      return (sealed.packet, roundTrip)
    }
    return duel.run()?.code
  }

  @Test func theToleranceIsThreeTenthsAndHalfTheRoundTrip() throws {
    // The samples of the duel come all at once, as if their last were now.
    let recording = Rig.together.alice.recording
    let onset = try #require(recording.firstOnset)
    let last = try #require(recording.timestamps.last)
    let own = -Double(last - onset) * 1e-9
    #expect(try end(roundTrip: 0.01, apart: own + 0.30) == nil)
    #expect(try end(roundTrip: 0.01, apart: own + 0.31) == "onsets-disagree")
    #expect(try end(roundTrip: 0.4, apart: own + 0.49) == nil)
    #expect(try end(roundTrip: 0.4, apart: own - 0.49) == nil)
    #expect(try end(roundTrip: 0.4, apart: own + 0.51) == "onsets-disagree")
    #expect(try end(roundTrip: 0.5, apart: own + 0.54) == nil)
    #expect(try end(roundTrip: 0.5, apart: own + 0.56) == "onsets-disagree")
  }

  @Test(arguments: [0.51, 1, 3, 9.5]) func aSlowLinkIsRefusedWhateverTheOnsets(roundTrip: Double) throws {
    #expect(try end(roundTrip: roundTrip, apart: 0) == "link-too-slow")
  }
}
