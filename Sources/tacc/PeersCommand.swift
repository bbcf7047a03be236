import Service
import Console
import Agent
import ArgumentParser
import Foundation
import Peers
import SecureChannel

struct PeersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peers",
    abstract: "List, show, rename or forget the boards that this one was paired with.",
    discussion: """
      An agent with a state directory keeps every board that it was paired with. PEER is a board's name, its fingerprint, \
      or at least four digits that its fingerprint begins with.

      EXAMPLES:
        sudo tacc peers
        sudo tacc peers show kitchen --json
        sudo tacc peers rename raspberrypi "garage door"
        sudo tacc peers forget kitchen

      \(statusAndEnvironment)
      """,
    subcommands: [List.self, Show.self, Rename.self, Forget.self], defaultSubcommand: List.self)

  /// What all of them end with, and read.
  private static let statusAndEnvironment = """
    \(HelpText.exitStatus([
      0: "Done.",
      1: "A file cannot be read or written, or a hook did not end well.",
      2: "Bad usage, or no such peer.",
    ]))

    \(HelpText.environment(.agentKeys, .stateDirectory))
    """

  /// What names a peer.
  static let peerHelp: ArgumentHelp = "The peer: its name, its fingerprint, or the first digits of that."

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List this board and all its peers.",
      discussion: """
        A line for each: name, fingerprint, when it was paired, short authentication string, strength.

        EXAMPLES:
          sudo tacc peers
          sudo tacc peers list --json

        \(statusAndEnvironment)
        """)

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let store = try state.store()
      let listing = try onPeers { () throws(PeerError) in try store.list() }
      let (directory, _) = try state.load()
      let board = try onPeers { () throws(PeerError) in
        try IdentityFile(stateDirectory: directory).read()?.publicIdentity.fingerprint
      }
      for problem in listing.problems {
        Terminal.note("\(problem.error)" + (problem.setAside.map { ". It is \($0) from now on" } ?? ""))
      }
      guard !output.json else {
        struct Answer: Encodable {
          var directory: String
          var fingerprint: String?
          var peers: [PeerReport]
          var problems: [String]
        }
        try Terminal.output(
          PeerReport.json(
            Answer(
              directory: directory, fingerprint: board, peers: listing.peers.map(PeerReport.init),
              problems: listing.problems.map { "\($0.error)" })))
        return
      }
      try Terminal.output("this board  \(board ?? "has no identity yet")")
      guard !listing.peers.isEmpty else {
        try Terminal.output("no peers in \(store.directory)")
        return
      }
      let width = listing.peers.map { $0.shownName.text.count }.max() ?? 0
      for peer in listing.peers {
        let report = PeerReport(peer)
        let name = report.name + String(repeating: " ", count: width - report.name.count)
        try Terminal.output("\(name)  \(report.fingerprint)  \(report.when)  SAS \(report.sas)  \(report.strength)")
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show all that is kept of a peer but its secret.",
      usage: "tacc peers show <peer> [<options>]",
      discussion: """
        EXAMPLES:
          sudo tacc peers show kitchen
          sudo tacc peers show 4f1c --json

        \(statusAndEnvironment)
        """)

    @Argument(help: PeersCommand.peerHelp)
    var peer: String
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let store = try state.store()
      let report = PeerReport(try onPeers { () throws(PeerError) in try store.find(peer) })
      try Terminal.output(output.json ? PeerReport.json(report) : report.text)
    }
  }

  struct Rename: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a peer another name on this board.",
      usage: "tacc peers rename <peer> <name> [<options>]",
      discussion: """
        The name that it calls itself takes the given one away.

        EXAMPLES:
          sudo tacc peers rename raspberrypi "garage door"
          sudo tacc peers rename "garage door" raspberrypi

        \(statusAndEnvironment)
        """)

    @Argument(help: PeersCommand.peerHelp)
    var peer: String
    @Argument(help: "The new name: 1 to 64 bytes of UTF-8.")
    var name: String
    @OptionGroup var state: StateOptions

    func run() throws {
      guard let name = DeviceName(name) else {
        throw ExitStatus.badInput("a name has 1 to \(DeviceName.maximumCount) bytes of UTF-8, no control characters")
      }
      let store = try state.store()
      let renamed = try onPeers { () throws(PeerError) in
        try store.update(store.find(peer)) { $0.alias = name == $0.name ? nil : name }
      }
      try Terminal.output("\(renamed.identity.fingerprint) is \(renamed.shownName) from now on")
    }
  }

  struct Forget: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Forget a peer, and run the programs of on-forgotten.d.",
      discussion: """
        The other board still knows this one until it forgets it too.

        EXAMPLES:
          sudo tacc peers forget kitchen

        \(statusAndEnvironment)
        """)

    @Argument(help: PeersCommand.peerHelp)
    var peer: String
    @OptionGroup var state: StateOptions

    func run() throws {
      let store = try state.store()
      let record = try onPeers { () throws(PeerError) in
        let record = try store.find(peer)
        try store.forget(record)
        return record
      }
      try Terminal.output("forgot \(record.shownName) (\(record.identity.fingerprint))")
      let hooks = Hooks(
        try state.load().configuration.hooks,
        log: ServiceLog(minimum: .info, forJournal: false, write: { Terminal.line(String($0.dropLast())) }))
      let programs = hooks.programs(for: .forgotten)
      guard programs.isEmpty || hooks.run(programs, after: .forgotten, with: record) else {
        throw ExitStatus.fault("the peer is forgotten, but not all hooks ended well")
      }
    }
  }
}

/// What is told of a peer: everything but its secret.
struct PeerReport: Encodable {
  var name: String
  var ownName: String
  var fingerprint: String
  var staticKey: Data
  var signingKey: Data
  var pairedAt: Date
  var justifiedBits: Int
  var marginBits: Int
  var sas: String
  var handshakeHash: String
  var exportedLabels: [String]

  init(_ peer: PeerRecord) {
    name = peer.shownName.text
    ownName = peer.name.text
    fingerprint = peer.identity.fingerprint
    staticKey = Data(peer.identity.staticKey)
    signingKey = Data(peer.identity.signingKey)
    pairedAt = peer.pairedAt
    justifiedBits = peer.justifiedBits
    marginBits = peer.marginBits
    sas = peer.sas
    handshakeHash = Hexadecimal.text(peer.handshakeHash)
    exportedLabels = peer.exportedLabels
  }

  var when: String { pairedAt.formatted(.iso8601) }
  var strength: String {
    "\(justifiedBits)\(justifiedBits == 128 ? " or more" : "") bits" + (marginBits < 512 ? ", REDUCED MARGIN" : "")
  }

  var text: String {
    """
    name         \(name)\(name == ownName ? "" : " (calls itself \(ownName))")
    fingerprint  \(fingerprint)
    static key   \(staticKey.base64EncodedString())
    signing key  \(signingKey.base64EncodedString())
    paired       \(when)
    strength     \(strength)
    margin       \(marginBits) bits
    SAS          \(sas)
    handshake    \(handshakeHash)
    exported     \(exportedLabels.isEmpty ? "nothing" : exportedLabels.joined(separator: ", "))
    """
  }

  /// One JSON object, keys in snake case and in order.
  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
