import Foundation
import Pairing
import Peers
import Platform
import SecureChannel

/// Keeps peers and runs hooks on threads of their own: the agent's task waits for neither a disk nor a program.
struct PeerKeeping {
  private let feed: AsyncStream<AgentInput>.Continuation
  /// The window whose peer is being kept, and what is to be told of it.
  private var underWay: (number: Int, summary: WindowSummary)?
  /// Hooks that wait for those before them.
  private var waiting: [@Sendable () -> Void] = []
  private var isRunning = false

  /// Nothing to keep.
  init(feed: AsyncStream<AgentInput>.Continuation) { self.feed = feed }

  /// Keeps the peer of a session; ``AgentInput/peerKept(_:hooks:of:)`` follows.
  ///
  /// - Parameters:
  ///   - summary: what is told of the window once that is done.
  ///   - label: of the key that hooks get, if there are any.
  mutating func start(
    _ peer: PeerIdentity, of session: PairedSession, report: PairingReport, in state: BoardState, window number: Int,
    summary: WindowSummary, hooks: Hooks, label: ExportLabel
  ) {
    underWay = (number, summary)
    run { [feed] in
      let programs = hooks.programs(for: .paired)
      let result = Result { () throws(PeerError) in
        try state.keep(
          peer, of: session, report: report, exporting: programs.isEmpty ? nil : label, at: Date())
      }
      feed.yield(.peerKept(result, hooks: programs, of: number))
    }
  }

  /// Takes note that a window's peer is kept, or is waited for no longer.
  ///
  /// - Returns: what is to be told of the window; `nil` where it has been told.
  mutating func end(_ number: Int) -> WindowSummary? {
    guard let (current, summary) = underWay, current == number else { return nil }
    underWay = nil
    return summary
  }

  /// Runs hooks after those that run already; ``AgentInput/hooksDone`` follows.
  mutating func queue(_ programs: [String], for kept: BoardState.Kept, hooks: Hooks) {
    waiting.append { [feed] in
      hooks.run(programs, after: .paired, with: kept.record, isReplaced: kept.isReplaced)
      feed.yield(.hooksDone)
    }
    runNext()
  }

  /// Takes note that the hooks under way are over.
  mutating func hooksDone() {
    isRunning = false
    runNext()
  }

  private mutating func runNext() {
    guard !isRunning, !waiting.isEmpty else { return }
    isRunning = true
    run(waiting.removeFirst())
  }

  private func run(_ body: @escaping @Sendable () -> Void) {
    // Better late than never, where the system gives no thread.
    if (try? SystemThread(name: "tacc-peers", body)) == nil { body() }
  }
}
