import Console
import ArgumentParser
import Foundation
import Peers
import SecureChannel

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Print a key that this board and a peer share, for another program.",
    usage: "tacc export <peer> --label <label> [<options>]",
    discussion: """
      The key follows from the pairing, the label and both boards' identities: it is the same on both boards, another for \
      every label and length, and tells nothing of the others. The label is noted with the peer; the key is not kept.

      EXAMPLES:
        sudo tacc export kitchen --label wireguard-psk > psk
        sudo tacc export kitchen --label backup --format raw > key

      \(HelpText.exitStatus([
        0: "Done.", 1: "A file cannot be read or written.", 2: "Bad usage, or no such peer.",
      ]))

      \(HelpText.environment(.agentKeys, .stateDirectory))
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case raw, hex, base64
  }

  @Argument(help: PeersCommand.peerHelp)
  var peer: String

  @Option(help: "What the key is for: 1 to 64 characters of A-Za-z0-9._/-. The other board needs the same.")
  var label: String

  @Option(help: ArgumentHelp("Length of the key, 1 to 1024 bytes.", valueName: "bytes"))
  var length = 32

  @Option(help: "How the key is written.")
  var format = Format.base64

  @Flag(help: "Write raw bytes to a terminal too.")
  var force = false

  @OptionGroup var state: StateOptions

  func validate() throws {
    guard ExportLabel(label) != nil else {
      throw ValidationError("--label: give 1 to 64 characters of A-Za-z0-9._/-")
    }
    guard (1...PairingSecret.maximumKeyCount).contains(length) else {
      throw ValidationError("--length is \(length); give 1 to \(PairingSecret.maximumKeyCount) bytes")
    }
  }

  func run() throws {
    guard format != .raw || force || isatty(STDOUT_FILENO) == 0 else {
      throw ExitStatus.badInput(
        "raw bytes are not written to a terminal; redirect standard output, use --format base64, or --force")
    }
    guard let label = ExportLabel(label) else { return }
    let store = try state.store()
    let key = try onPeers { () throws(PeerError) in
      let record = try store.update(store.find(peer)) { record in
        record.exportedLabels = Set(record.exportedLabels + [label.text]).sorted()
      }
      return try record.exportedKey(label, count: length)
    }
    switch format {
    case .raw: try key.withExposedBytes(ExportCommand.write)
    case .hex: try key.withExposedText(.hexadecimal, ExportCommand.write)
    case .base64: try key.withExposedText(.base64, ExportCommand.write)
    }
    if format != .raw { try ExportCommand.write([UInt8(ascii: "\n")]) }
  }

  /// Straight to standard output: no copy of the key stays in a buffer.
  private static func write(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw ExitStatus.fault("cannot write to standard output: \(String(cString: strerror(errno)))")
      }
      rest = rest.dropFirst(count)
    }
  }
}
