import Console
import Agent
import ArgumentParser
internal import CProcess
import Configuration
import Courier
import Foundation
import Peers
import Platform
import SecureChannel
import Transfer

/// What the commands have in common that meet a peer at the relay.
struct MeetingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The relay, instead of that of the agent's configuration (relay.url).", valueName: "url"))
  var relay: String?

  @Option(
    help: ArgumentHelp(
      "Trust the certificates in this PEM file instead of the system's (relay.ca_file).", valueName: "file"))
  var caFile: String?

  @Option(help: ArgumentHelp("How long to wait for the other board; 0 for ever.", valueName: "seconds"))
  var wait = 120

  @Option(
    help: ArgumentHelp(
      "How long to try again after the connection broke, while nothing comes through.", valueName: "seconds"))
  var patience = 120

  @OptionGroup var state: StateOptions

  func validate() throws {
    guard (0...31_536_000).contains(wait) else {
      throw ValidationError("--wait is \(wait); give 0 to 31536000 seconds")
    }
    guard (1...86_400).contains(patience) else {
      throw ValidationError("--patience is \(patience); give 1 to 86400 seconds")
    }
  }

  var waitingTime: Duration? { wait == 0 ? nil : .seconds(wait) }

  /// Where to meet.
  func access() throws -> RelayAccess {
    do throws(ConfigurationError) {
      let options = [
        relay.map { ("relay.url", $0, "--relay") }, caFile.map { ("relay.ca_file", $0, "--ca-file") },
      ].compactMap { $0 }
      let address = try RelayAddress(try state.settings(options))
      return RelayAccess(endpoint: address.endpoint, options: address.options)
    } catch {
      throw ExitStatus.badInput("\(error)")
    }
  }

  /// This board's keys.
  func keys() throws -> IdentityKeys {
    let (directory, _) = try state.load()
    let keys = try onPeers { () throws(PeerError) in try IdentityFile(stateDirectory: directory).read() }
    guard let keys else {
      throw ExitStatus.badInput("this board has no identity in \(directory): pair it first")
    }
    return keys
  }

  /// What this board has of a peer for an activity.
  func acquaintance(
    _ peer: PeerRecord, _ keys: IdentityKeys, _ activity: Acquaintance.Activity
  ) throws -> Acquaintance {
    guard peer.ownIdentity == keys.publicIdentity else {
      throw ExitStatus.badInput(
        "\(peer.shownName) was paired with this board when that had other keys; pair the two again")
    }
    do {
      return try Acquaintance(keys: keys, peer: peer.identity, secret: peer.secret, activity: activity)
    } catch {
      throw ExitStatus.fault("\(error)")
    }
  }

  /// A lifeline, with notes of what happens on standard error.
  func lifeline(to peers: [PeerRecord], _ acquaintances: [Acquaintance], isQuiet: Bool = false) throws -> Lifeline {
    let names = peers.map(\.shownName.text)
    // Packets on their way, many times over, and little beside the 64 MiB that either side may have.
    cprocess_keep_freed_memory(2 << 20)
    do {
      return try Lifeline(to: acquaintances, at: try access(), patience: .seconds(patience)) { notice in
        guard !isQuiet else { return }
        switch notice {
        case .waiting: Terminal.note("waiting for \(names.count == 1 ? names[0] : "one of \(names.count) boards")")
        case .met(let index): Terminal.note("\(names[index]) is here")
        case .interrupted(let reason): Terminal.note("interrupted: \(reason); trying again")
        case .resumed: Terminal.note("going on")
        case .relayIsBusy(let text): Terminal.note(text)
        }
      }
    } catch let error as TransferError {
      throw ExitStatus.fault("\(error)")
    }
  }

  /// How the program ends for an error of a meeting.
  ///
  /// - Parameter command: what the other board has to run.
  func status(for error: any Error, peers: [PeerRecord], command: String) -> any Error {
    guard let error = error as? CourierError else { return error }
    let name = peers.count == 1 ? peers[0].shownName.text : "the other board"
    let nobody = peers.count == 1 ? "\(name) did not come" : "none of the \(peers.count) peers came"
    switch error {
    case .nobodyCame(let seconds):
      return ExitStatus(
        code: 3,
        message:
          "\(nobody) within \(seconds) s. It has to run `\(command)` at the same relay meanwhile. Perhaps "
          + "it is off; or its clock or this one's is wrong by more than two hours (here it is "
          + "\(Date().formatted(.iso8601))); or it has forgotten this board, or was paired with it anew and this one was "
          + "not: then shake the two again")
    case .lost(let seconds, let reason):
      return ExitStatus(
        code: 3, message: "\(name) did not come back within \(seconds) s after the connection had broken (\(reason))")
    case .transfer(.endedByPeer), .transfer(.refused), .strangers, .changed:
      return ExitStatus(code: 3, message: "\(error)")
    case .relay(let cause): return cause.isUserError ? ExitStatus.badInput("\(cause)") : ExitStatus.fault("\(cause)")
    case .file(let text): return ExitStatus.badInput(text)
    case .transfer: return ExitStatus.fault("\(error)")
    }
  }
}

extension CourierError {
  /// Whether the other side is another process than a moment ago, so that this one has to begin anew too.
  var saysRestarted: Bool { self == .transfer(.peerRestarted) || self == .transfer(.unknownToPeer) }
}

/// A line of progress of a file: redrawn on a terminal, nothing elsewhere.
final class FileMeter: Sendable {
  private struct State {
    var began = ContinuousClock.now
    var drawn = ContinuousClock.now - .seconds(1)
    var first: UInt64?
  }
  private let state = Locked(State())
  private let isShown = Terminal.isInteractive && ProcessInfo.processInfo.environment["TERM"] != "dumb"

  func show(_ progress: FileProgress) {
    guard isShown else { return }
    let now = ContinuousClock.now
    let line: String? = state.withLock { state in
      if state.first == nil { (state.first, state.began) = (progress.done, now) }
      guard now - state.drawn > .milliseconds(200) || progress.done == progress.size else { return nil }
      state.drawn = now
      let (seconds, attoseconds) = (now - state.began).components
      return Self.line(
        progress, since: state.first ?? 0, seconds: Double(seconds) + Double(attoseconds) * 1e-18)
    }
    if let line { Terminal.progress(line) }
  }

  func clear() { if isShown { Terminal.clearLine() } }

  /// "name  [###---] 12.0 of 64.0 MiB, 8.1 MiB/s, 6 s left".
  static func line(_ progress: FileProgress, since first: UInt64, seconds: Double) -> String {
    func mebibytes(_ bytes: Double) -> String { String(format: "%.1f", bytes / 1_048_576) }
    let width = 24
    let filled = progress.size > 0 ? Int(Double(width) * Double(progress.done) / Double(progress.size)) : width
    var line =
      "\(progress.name)  [" + String(repeating: "#", count: min(width, filled))
      + String(repeating: "-", count: width - min(width, filled))
      + "] \(mebibytes(Double(progress.done))) of \(mebibytes(Double(progress.size))) MiB"
    let rate = seconds > 0 ? Double(progress.done - min(first, progress.done)) / seconds : 0
    if rate > 0 {
      let left = Double(progress.size - min(progress.done, progress.size)) / rate
      line += ", \(mebibytes(rate)) MiB/s, \(Int(min(left, 1e9).rounded(.up))) s left"
    }
    return line
  }
}
