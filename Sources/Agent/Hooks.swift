import Service
import Configuration
import Foundation
import Glibc
import Peers
import SecureChannel

/// Runs a board's own programs when it was paired, or when a peer was forgotten.
///
/// They are the executables of `on-paired.d` and `on-forgotten.d` in the hook directory, run one after the other in the
/// order of their names' bytes. Each finds a JSON object on standard input, PATH, LANG and TACC_EVENT in its environment,
/// and, after a pairing, a key of its own on descriptor 3: 32 raw bytes, equal on both boards, exported under
/// `hooks.key_label`. What it says goes to the log.
public struct Hooks: Sendable {
  /// What happened.
  public enum Event: String, Sendable {
    /// `on-paired.d`
    case paired
    /// `on-forgotten.d`
    case forgotten
  }

  /// How many bytes the key on descriptor 3 has.
  public static let keyCount = 32

  private let configuration: StateConfiguration.Hooks
  private let log: ServiceLog

  /// Hooks.
  public init(_ configuration: StateConfiguration.Hooks, log: ServiceLog) {
    self.configuration = configuration
    self.log = log
  }

  /// The programs of an event that would run; what would not is written to the log.
  public func programs(for event: Event) -> [String] {
    guard let directory = configuration.directory else { return [] }
    let files = HookFiles(in: "\(directory)/on-\(event.rawValue).d")
    for refusal in files.refusals { log(.warning, refusal) }
    guard !files.programs.isEmpty, geteuid() == 0, !configuration.asRoot else { return files.programs }
    log(
      .warning,
      "the hooks of \(directory)/on-\(event.rawValue).d are not run: this is root; run the agent as a user of its own, or "
        + "set hooks.as_root = true")
    return []
  }

  /// Runs programs; blocks until all are over.
  ///
  /// - Parameters:
  ///   - programs: of ``programs(for:)``.
  ///   - isReplaced: whether an older pairing with this peer was replaced.
  /// - Returns: whether all ended with status 0.
  @discardableResult public func run(
    _ programs: [String], after event: Event, with peer: PeerRecord, isReplaced: Bool = false
  ) -> Bool {
    var key: SecretBytes?
    if event == .paired {
      do throws(PeerError) {
        key = try peer.exportedKey(configuration.label, count: Hooks.keyCount)
      } catch {
        log(.error, "no hook was run: \(error)")
        return false
      }
    }
    let input = message(event, peer, isReplaced: isReplaced)
    var allWell = true
    for program in programs {
      let process = HookProcess(
        path: program,
        environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "TACC_EVENT": event.rawValue],
        input: input, key: key, limit: .milliseconds(Int(configuration.seconds * 1000)))
      let (ending, said) = process.run()
      tell(program, ending, said)
      if ending != .exited(0) { allWell = false }
    }
    return allWell
  }

  private func tell(_ program: String, _ ending: HookProcess.Ending, _ said: [UInt8]) {
    let lines = String(decoding: said, as: UTF8.self).split(whereSeparator: \.isNewline)
    for line in lines.prefix(20) { log(.info, "hook says: \(shown(String(line)))", ["hook": program]) }
    switch ending {
    case .exited(0): log(.info, "hook done", ["hook": program, "status": "0"])
    case .exited(let status): log(.warning, "hook failed", ["hook": program, "status": "\(status)"])
    case .killed(let signal): log(.warning, "hook killed", ["hook": program, "signal": "\(signal)"])
    case .overdue:
      log(.warning, "hook ended after \(configuration.seconds) s (hooks.seconds)", ["hook": program])
    case .notStarted(let reason): log(.warning, "hook not started: \(reason)", ["hook": program])
    }
  }

  /// What a program reads; no secret.
  private struct Message: Encodable {
    struct Board: Encodable {
      var name: String?
      var fingerprint: String
      var staticKey: Data
      var signingKey: Data
    }
    struct Key: Encodable {
      var descriptor = 3
      var label: String
      var bytes = Hooks.keyCount
      var format = "raw"
    }
    var event: String
    var peer: Board
    var board: Board
    var pairedAt: Date
    var justifiedBits: Int
    var marginBits: Int
    var sas: String
    var handshakeHash: String
    var replaced: Bool?
    var key: Key?
  }

  private func message(_ event: Event, _ peer: PeerRecord, isReplaced: Bool) -> [UInt8] {
    func board(_ identity: PublicIdentity, _ name: String?) -> Message.Board {
      Message.Board(
        name: name, fingerprint: identity.fingerprint, staticKey: Data(identity.staticKey),
        signingKey: Data(identity.signingKey))
    }
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let message = Message(
      event: event.rawValue, peer: board(peer.identity, peer.shownName.text), board: board(peer.ownIdentity, nil),
      pairedAt: peer.pairedAt, justifiedBits: peer.justifiedBits, marginBits: peer.marginBits, sas: peer.sas,
      handshakeHash: Hexadecimal.text(peer.handshakeHash), replaced: event == .paired ? isReplaced : nil,
      key: event == .paired ? Message.Key(label: configuration.label.text) : nil)
    // Its parts are all encodable.
    return Array((try? encoder.encode(message)) ?? Data("{}".utf8)) + [UInt8(ascii: "\n")]
  }
}
