import Foundation
import Transfer

extension Lifeline {
  /// How a pipe ends for the program at this side.
  public enum PipeEnd: Sendable, Equatable {
    /// Both directions came to their ends; with a command, its exit status.
    case ended(status: Int32?)
    /// Nobody reads this side's output any longer.
    case outputClosed
  }

  /// Joins the lifeline to standard input and output until both directions have ended, or the other side has and takes
  /// no more.
  public func joinStandardStreams() async throws -> PipeEnd {
    try await join(
      reading: BlockingIO(STDIN_FILENO, label: "tacc-input"), writing: BlockingIO(STDOUT_FILENO, label: "tacc-output"))
  }

  /// Joins the lifeline to a shell command until that has ended and the other side has all that it wrote.
  public func join(command: String) async throws -> PipeEnd {
    let process = try PipedCommand(command)
    let status = Task { await process.ended() }
    return try await withTaskCancellationHandler {
      do {
        let sending = Task { try await forward(from: process.output) }
        // What it was sent and did not read is lost with it, as with any command.
        let receiving = Task { _ = try await deliver(to: process.input) }
        defer {
          sending.cancel()
          receiving.cancel()
        }
        while !isForwarded { try await change() }
        await settle(within: .seconds(30))
        await abandon(Self.commandEnded)
        return .ended(status: await status.value)
      } catch {
        process.end()
        throw error
      }
    } onCancel: {
      process.end()
    }
  }

  static let commandEnded = "the command has ended"

  private func join(reading source: BlockingIO, writing sink: BlockingIO) async throws -> PipeEnd {
    // Not a child: it may wait for input for ever, and is left behind then.
    let sending = Task { try await forward(from: source) }
    defer { sending.cancel() }
    do {
      guard try await deliver(to: sink) else {
        await abandon("its output was closed")
        return .outputClosed
      }
      while !isForwarded { try await change() }
    } catch CourierError.transfer(.endedByPeer(_)) where stream.isEndReached {
      // The other side has said all it had to say, and takes no more.
      return .ended(status: nil)
    }
    await leave(within: .seconds(5))
    return .ended(status: nil)
  }

  /// Sends what is read, and then the end.
  private func forward(from source: BlockingIO) async throws {
    while true {
      let bytes = await source.read(Self.packetsAtOnce * ResumableStream.maximumChunk)
      guard !bytes.isEmpty else { break }
      try await write(bytes)
    }
    isForwarded = true
    finish()
    noteChange()
  }

  /// Writes what arrives, until its end.
  ///
  /// - Returns: whether all could be written.
  private func deliver(to sink: BlockingIO) async throws -> Bool {
    while let pieces = try await read() {
      for piece in pieces where await sink.write(piece) != 0 { return false }
    }
    sink.close()
    return true
  }
}
