import Console
import Foundation
import Synchronization

/// A bar on a terminal's last line, on standard error; nothing where that is no terminal, or one that cannot redraw.
final class ProgressBar: Sendable {
  private let total: Int
  private let done = Mutex(0)
  private let isShown: Bool

  init(total: Int, isShown: Bool = Terminal.isInteractive && ProcessInfo.processInfo.environment["TERM"] != "dumb") {
    self.total = total
    self.isShown = isShown
    if isShown { Terminal.progress(Self.line(0, of: total)) }
  }

  /// One more is done.
  func advance() {
    done.withLock { done in
      done += 1
      if isShown { Terminal.progress(Self.line(done, of: total)) }
    }
  }

  /// How many are done.
  var count: Int { done.withLock { $0 } }

  /// Ends it.
  func clear() { if isShown { Terminal.clearLine() } }

  /// "[##########--------------------] 10 of 30".
  static func line(_ done: Int, of total: Int) -> String {
    let width = 30
    let filled = total > 0 ? min(width, max(0, done) * width / total) : width
    return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
      + "] \(done) of \(total)"
  }
}
