import Service
import Pairing
import Peers
import SecureChannel

extension WindowSummary {
  /// What is told of an outcome; of the session itself nothing is kept.
  init(_ outcome: PairingWindow.Outcome) {
    switch outcome {
    case .paired(let session, _, let processing):
      self.init(
        paired: true, code: "paired", message: "PAIRED, SAS \(session.sas.digits)", sas: session.sas.digits,
        handshakeHash: Hexadecimal.text(session.handshakeHash))
      processingSeconds = processing
      session.transport.close()
    case .aborted(let reason): self.init(paired: false, code: reason.code, message: "\(reason)")
    case .sensor(let text): self.init(paired: false, code: "sensor-failed", message: text)
    case .relay(let error):
      self.init(paired: false, code: "relay-unusable", message: "the relay cannot be used: \(error)")
    case .cancelled: self.init(paired: false, code: "cancelled", message: "cancelled on this board")
    }
  }

  /// The same with what came of keeping the peer: a pairing that is forgotten at once is none.
  func keeping(_ result: Result<BoardState.Kept, PeerError>) -> WindowSummary {
    switch result {
    case .success(let kept):
      var summary = self
      summary.peer = Peer(
        name: kept.record.shownName.text, fingerprint: kept.record.identity.fingerprint, replaced: kept.isReplaced)
      return summary
    case .failure(let error):
      return WindowSummary(
        paired: false, code: "peer-not-kept",
        message: "the boards were paired, but this one cannot keep it: \(error); then pair them again")
    }
  }

  /// That nobody came says little where the board could not have met anybody: what was missing before that is told.
  func explained(hasSampled: Bool, relay: RelayTroubles) -> WindowSummary {
    guard code == "no-partner" else { return self }
    var summary = self
    if let trouble = relay.current {
      summary.code = "relay-unreachable"
      summary.message = "the relay could not be reached when the window closed: \(trouble)"
    } else if !hasSampled {
      summary.code = "sensor-failed"
      summary.message =
        "the sensor had delivered nothing when the window closed; `tacc sensors` tells what there is, and "
        + "window.seconds sets how long a window is open"
    } else if !relay.hasAnswered {
      summary.code = "relay-unreachable"
      summary.message =
        "the relay had not answered when the window closed; check relay.url and that the relay runs, and that "
        + "window.seconds is longer than relay.connect_seconds"
    }
    return summary
  }
}

extension ServiceLog {
  /// Writes how a window ended.
  func tell(_ summary: WindowSummary) {
    let seconds = summary.seconds.map { "\(($0 * 100).rounded() / 100)" } ?? "?"
    if summary.paired {
      self(
        .notice, "PAIRED",
        [
          "sas": summary.sas ?? "", "handshake": summary.handshakeHash ?? "", "seconds": seconds,
          "peer": summary.peer.map { "\($0.name) \($0.fingerprint)" } ?? "not told",
          "replaced": summary.peer?.replaced == true ? "yes" : "no",
          "processing": summary.processingSeconds.map { "\(Int($0 * 1000))ms" } ?? "?",
        ])
    } else {
      self(.warning, "not paired: \(summary.message)", ["code": summary.code, "seconds": seconds])
    }
  }
}
