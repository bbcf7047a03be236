import Pairing

extension WindowSummary {
  /// What is told of an outcome; of the session itself nothing is kept.
  init(_ outcome: PairingWindow.Outcome) {
    switch outcome {
    case .paired(let session, _, let processing):
      self.init(
        paired: true, code: "paired", message: "PAIRED, SAS \(session.sas.digits)", sas: session.sas.digits,
        handshakeHash: session.handshakeHash.map { byte in
          let digits = String(byte, radix: 16)
          return digits.count == 1 ? "0" + digits : digits
        }.joined())
      processingSeconds = processing
      session.transport.close()
    case .aborted(let reason): self.init(paired: false, code: reason.code, message: "\(reason)")
    case .sensor(let text): self.init(paired: false, code: "sensor-failed", message: text)
    case .relay(let error):
      self.init(paired: false, code: "relay-unusable", message: "the relay cannot be used: \(error)")
    case .cancelled: self.init(paired: false, code: "cancelled", message: "cancelled on this board")
    }
  }
}

extension AgentLog {
  /// Writes how a window ended.
  func tell(_ summary: WindowSummary) {
    let seconds = summary.seconds.map { "\(($0 * 100).rounded() / 100)" } ?? "?"
    if summary.paired {
      self(
        .notice, "PAIRED",
        [
          "sas": summary.sas ?? "", "handshake": summary.handshakeHash ?? "", "seconds": seconds,
          "processing": summary.processingSeconds.map { "\(Int($0 * 1000))ms" } ?? "?",
        ])
    } else {
      self(.warning, "not paired: \(summary.message)", ["code": summary.code, "seconds": seconds])
    }
  }
}
