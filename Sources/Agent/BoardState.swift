import Foundation
import Pairing
import Peers
import SecureChannel

/// Who this board is, and the boards that it knows.
struct BoardState: Sendable {
  let identity: BoardIdentity
  let peers: PeerStore

  /// Reads the state directory; makes what is not there yet.
  ///
  /// - Returns: `nil` where the configuration names no directory.
  static func open(_ configuration: StateConfiguration) throws(PeerError) -> BoardState? {
    guard let directory = configuration.directory else { return nil }
    return BoardState(
      identity: BoardIdentity(
        keys: try IdentityFile(stateDirectory: directory).readOrMake(), name: configuration.name),
      peers: PeerStore(stateDirectory: directory))
  }

  /// What came of keeping a peer.
  struct Kept: Sendable {
    let record: PeerRecord
    /// Whether another pairing with the same board was kept before.
    let isReplaced: Bool
  }

  /// Keeps the peer of a session; it blocks until that is on the disk.
  ///
  /// - Parameters:
  ///   - label: that of the key which is exported at once, if there is one.
  ///   - date: now.
  func keep(
    _ peer: PeerIdentity, of session: PairedSession, report: PairingReport, exporting label: ExportLabel?, at date: Date
  ) throws(PeerError) -> Kept {
    var record = PeerRecord(
      identity: peer.identity, name: peer.name, ownIdentity: identity.keys.publicIdentity, pairedAt: date,
      justifiedBits: report.justifiedBits ?? 0, marginBits: report.clamp?.clamp.marginBits ?? 0,
      sas: session.sas.digits, handshakeHash: session.handshakeHash, secret: session.pairingSecret)
    if let label { record.exportedLabels = [label.text] }
    let old = try peers.keep(record)
    record.alias = old?.alias
    return Kept(record: record, isReplaced: old != nil)
  }
}
