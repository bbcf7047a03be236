import Agreement
import Foundation
import Motion
import Pairing
import SecureChannel

/// What `evaluate`, `demo-local` and `client` report, as JSON or as text.
struct PairingResult: Encodable {
  struct Abort: Encodable {
    var code: String
    var message: String
  }
  struct Seconds: Encodable {
    var preamble: Double?
    var shake: Double?
    var processing: Double?
  }
  struct Bits: Encodable {
    var raw: Int?
    var kept: Int?
    var accepted: Double?
    var rawErrorRate: Double?
    var errors: Int?
    var errorRate: Double?
  }
  struct Channel: Encodable {
    var name: String
    var correlation: Double
    var levels: Int
    var `guard`: Double?
    var cellWidth: Double?
    var kept: Int
  }
  struct Cascade: Encodable {
    var passes: Int?
    var leakage: Int
    var efficiency: Double?
    var roundTrips: Int
    var corrected: Int?
    var backtracked: Int?
  }
  struct Entropy: Encodable {
    var perBitBounds: [String: Double]
    var boundsRounded: Bool
    var cap: Double
    var margin: Int
    var reducedMargin: Bool
    var leakage: Int
    var usable: Int?
  }
  struct Key: Encodable {
    var bits: Int
    var fingerprint: String
  }
  struct Handshake: Encodable { var hash: String }
  struct Fit: Encodable {
    var basis: String
    var fit: Double
    var whitenedCorrelation: Double?
    var offset: Double
    var leverArm: Double?
    var usableShare: Double
  }

  var paired: Bool
  var profile: String?
  var abort: Abort?
  var onset: String?
  /// The board whose grid and bits are the reference.
  var reference: String?
  var alignment: Fit?
  var seconds: Seconds
  var bits: Bits
  /// The board whose motion is filtered to match the other's, by sensor.
  var matched: [String: String]
  var channels: [Channel]
  var cascade: Cascade?
  var entropy: Entropy?
  var kp: Key?
  var sas: String?
  var sasWords: [String]?
  var handshake: Handshake?
  var roundTrips: Int

  /// The lines of the ledger and of the clamp, for text only.
  private var ledger: String
  private var sum: String?

  private enum CodingKeys: String, CodingKey {
    case paired, profile, abort, onset, alignment, seconds, bits, matched, channels, cascade, entropy, kp, sas, sasWords
    case handshake, roundTrips
  }

  /// From one side's report.
  ///
  /// - Parameters:
  ///   - ending: how it ended.
  ///   - report: that side's report.
  ///   - errors: bits that differed before correction, where both sides are known.
  ///   - rawErrorRate: share of raw decisions that differed, where both sides are known.
  init(
    _ ending: Result<PairedSession, AbortReason>, report: PairingReport, processing: Double?, errors: Int? = nil,
    rawErrorRate: Double? = nil
  ) {
    seconds = Seconds(
      preamble: report.preambleSeconds, shake: report.shakeSeconds.map { rounded($0, 3) },
      processing: processing.map { rounded($0, 4) })
    profile = report.profile?.name
    bits = Bits(
      raw: report.rawBits, kept: report.keptBits, accepted: report.accepted.map { rounded($0, 4) },
      rawErrorRate: rawErrorRate)
    if let errors, let kept = report.keptBits, kept > 0 {
      bits.errors = errors
      bits.errorRate = Double(errors) / Double(kept)
    }
    matched = [:]
    for (kind, side) in report.matched {
      matched[kind == .gyroscope ? "gyroscope" : "accelerometer"] = side.rawValue
    }
    channels = report.channels.map(Channel.init)
    cascade = report.cascade.map {
      Cascade(
        passes: $0.passes, leakage: $0.leakage, efficiency: $0.efficiency.map { rounded($0, 3) },
        roundTrips: $0.roundTrips, corrected: $0.corrected, backtracked: $0.backtracked)
    }
    onset = report.onset?.rawValue
    reference = report.reference?.rawValue
    alignment = report.alignment.map {
      Fit(
        basis: $0.basis.rawValue, fit: rounded($0.fit, 5),
        whitenedCorrelation: report.whitenedCorrelation.map { rounded($0, 4) }, offset: rounded($0.offset, 6),
        leverArm: $0.leverArm.map { rounded($0.norm, 4) }, usableShare: rounded($0.usableShare, 3))
    }
    roundTrips = report.roundTrips
    ledger = report.ledger.description
    switch ending {
    case .success(let session):
      paired = true
      kp = Key(bits: session.pairingKey.count * 8, fingerprint: session.fingerprint)
      sas = session.sas.digits
      sasWords = session.sas.words
      handshake = Handshake(hash: hexadecimal(session.handshakeHash))
    case .failure(let reason):
      paired = false
      abort = Abort(code: reason.code, message: reason.description)
    }
    if let clamp = report.clamp {
      entropy = Entropy(clamp, exact: !paired)
      sum = summary(of: clamp, exact: !paired)
    }
  }

  /// One JSON object, keys in snake case and in order.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// The report for a reader.
  func text() -> String {
    var lines: [String] = []
    if let profile { lines.append("profile     \(profile)") }
    if let alignment {
      lines.append(
        "alignment   R² \(alignment.fit), whitened \(alignment.whitenedCorrelation.map { "\($0)" } ?? "-"), offset "
          + "\(rounded(alignment.offset * 1000, 3)) ms"
          + (alignment.leverArm.map { ", lever arm \(rounded($0 * 100, 1)) cm" } ?? "")
          + ", onset \(onset ?? "-")")
    }
    for (sensor, side) in matched.sorted(by: { $0.key < $1.key }) {
      lines.append(
        "matched     \(sensor): \(side == "alice" ? "Alice's" : "Bob's") motion filtered to the other's band")
    }
    for channel in channels {
      let name = channel.name.padding(toLength: 8, withPad: " ", startingAt: 0)
      lines.append(
        "channel     \(name) correlation \(channel.correlation), \(channel.levels) bit, "
          + (channel.guard.map { "guard \($0) σ, " } ?? "") + (channel.cellWidth.map { "cells of \($0) σ, " } ?? "")
          + "kept \(channel.kept)")
    }
    if let raw = bits.raw, let kept = bits.kept {
      var line = "bits        raw \(raw), kept by both \(kept)"
      if let accepted = bits.accepted { line += ", accepted \(percent(accepted))" }
      if let rate = bits.rawErrorRate { line += ", raw error rate \(percent(rate))" }
      if let errors = bits.errors, let rate = bits.errorRate { line += ", kept errors \(errors) (\(percent(rate)))" }
      lines.append(line)
    }
    if let shake = seconds.shake {
      lines.append(
        "time        shake \(rounded(shake, 1)) s"
          + (seconds.processing.map { ", processing \(rounded($0 * 1000, 1)) ms" } ?? ""))
    }
    if let cascade {
      var line = "cascade     \(cascade.leakage) parities in \(cascade.roundTrips) round trips"
      if let passes = cascade.passes, let corrected = cascade.corrected, let backtracked = cascade.backtracked {
        line += ", \(passes) passes, \(corrected) corrected, \(backtracked) of them by backtracking"
      }
      if let efficiency = cascade.efficiency { line += ", f = \(efficiency)" }
      lines.append(line)
    }
    if !ledger.isEmpty, bits.kept != nil {
      lines.append("ledger")
      lines += ledger.split(separator: "\n").map { "  \($0)" }
    }
    if let sum {
      lines.append("entropy")
      lines += sum.split(separator: "\n").map { "  \($0)" }
    }
    if paired, let kp, let sas, let sasWords {
      lines.append("Kp          fingerprint \(kp.fingerprint)")
      lines.append("PAIRED      SAS \(sas.prefix(3)) \(sas.suffix(3)) (\(sasWords.joined(separator: " ")))")
    } else if let abort {
      lines.append("ABORTED     \(abort.code): \(abort.message)")
    }
    return lines.joined(separator: "\n")
  }
}

extension PairingResult.Channel {
  /// One channel of a report.
  init(_ channel: PairingReport.Channel) {
    name = channel.name
    correlation = rounded(channel.correlation, 4)
    levels = channel.levels
    `guard` = channel.guardBand
    cellWidth = channel.cellWidth.map { rounded($0, 3) }
    kept = channel.kept
  }
}

extension PairingResult.Entropy {
  /// Exact figures tell of the secret bits; beside a key they are rounded down to twentieths.
  init(_ clamp: ClampResult, exact: Bool) {
    perBitBounds = [:]
    for bound in clamp.bounds where bound.name != "cap" {
      // The best predictor is named in brackets; the key is what it is a bound of.
      let name = bound.name.prefix { $0 != "(" }.split(separator: " ").joined(separator: "_")
      perBitBounds[name] = bound.millibits.map { exact ? Double($0) / 1000 : coarse($0) }
    }
    boundsRounded = !exact
    cap = Double(clamp.clamp.capMillibits) / 1000
    margin = clamp.clamp.marginBits
    reducedMargin = clamp.clamp.reducedMargin
    leakage = clamp.leakageBits
    // With leakage, margin and kept bits it gives away the bound that it was computed from, unless that is the cap.
    usable = exact || clamp.bindingBound?.name == "cap" ? clamp.usableBits : nil
  }
}

/// The clamp's sum, line by line; beside a key the bounds are rounded down to twentieths.
private func summary(of clamp: ClampResult, exact: Bool) -> String {
  guard !exact else { return clamp.sum }
  var lines: [String] = []
  for bound in clamp.bounds {
    let value = bound.millibits.map { "\(bound.name == "cap" ? Double($0) / 1000 : coarse($0))" } ?? "-"
    let name = bound.name.prefix { $0 != "(" }.trimmingCharacters(in: .whitespaces)
    lines.append(
      "\(name): " + (bound.name == "cap" ? value : "at least \(value)") + " bit per kept bit"
        + (bound.name == clamp.bindingBound?.name ? "  <- binds" : ""))
  }
  guard clamp.bindingBound?.name == "cap" else {
    // The credit, or the sum, would give the binding bound away.
    lines.append("\(clamp.keptBits) kept bits, leakage \(clamp.leakageBits), margin \(clamp.clamp.marginBits)")
    lines.append("usable: at least \(EntropyClamp.requiredBits) bits, as many as are needed")
    if clamp.clamp.reducedMargin { lines.append("REDUCED MARGIN: below the default of 512 bits by configuration") }
    return lines.joined(separator: "\n")
  }
  lines.append("\(clamp.keptBits) kept bits, credited \(clamp.entropyBits)")
  lines.append("- \(clamp.leakageBits) leakage")
  lines.append("- \(clamp.clamp.marginBits) margin")
  lines.append("= \(clamp.usableBits) usable bits, \(EntropyClamp.requiredBits) needed")
  if clamp.clamp.reducedMargin { lines.append("REDUCED MARGIN: below the default of 512 bits by configuration") }
  return lines.joined(separator: "\n")
}

/// Thousandths of a bit, rounded down to a twentieth of a bit.
func coarse(_ millibits: Int) -> Double { Double(millibits / 50 * 50) / 1000 }

func rounded(_ value: Double, _ digits: Int) -> Double {
  let scale = pow(10, Double(digits))
  return value.isFinite ? (value * scale).rounded() / scale : value
}

func percent(_ rate: Double) -> String { "\(rounded(rate * 100, rate < 0.01 ? 3 : 1)) %" }

func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { String(format: "%02x", $0) }.joined()
}
