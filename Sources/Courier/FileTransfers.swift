import Foundation
import SecureChannel
import Transfer

/// How far a file is.
public struct FileProgress: Sendable {
  /// As it is called where it is shown.
  public let name: String
  /// Bytes of it.
  public let size: UInt64
  /// Bytes that are there: at the other side where it is sent, at this one where it is received.
  public var done: UInt64
  /// Where this run began.
  public let start: UInt64
}

/// A file that crossed.
public struct CrossedFile: Sendable {
  /// Under which name it is on the receiving board.
  public let name: String
  /// Bytes.
  public let size: UInt64
  /// BLAKE2b-256 of its contents.
  public let hash: [UInt8]
}

extension Lifeline {
  /// Whether a file is one that can be sent; to be asked before anybody is waited for.
  public static func check(_ path: String) throws(CourierError) { _ = try OutgoingFile(path: path) }

  /// Sends a file and waits until the other side has it on its disk.
  ///
  /// - Parameter progress: called often; must not block.
  public func send(_ path: String, progress: @Sendable (FileProgress) -> Void) async throws -> CrossedFile {
    let file = try OutgoingFile(path: path)
    var (sender, offer) = FileSender.offering(name: file.name, size: file.size)
    try await write(offer)
    var begun: (start: UInt64, before: UInt64, hash: BLAKE2b)?
    while begun == nil {
      for action in try await actions(&sender) {
        guard case .compare(let checkpoints) = action else { continue }
        let (start, hash) = try compare(file, with: checkpoints)
        try await write(sender.compared(longest: start))
        begun = (start, stream.writtenCount, hash)
      }
    }
    guard let (start, before, hashOfStart) = begun else { throw CourierError.transfer(.damaged) }
    var hash = hashOfStart
    var report = FileProgress(name: file.name, size: file.size, done: start, start: start)
    while file.position < file.size {
      let most = Self.packetsAtOnce * ResumableStream.maximumChunk
      let bytes = try file.read(Int(min(file.size - file.position, UInt64(most))))
      guard !bytes.isEmpty else { throw CourierError.changed(path: path) }
      hash.update(bytes)
      // Whoever does not want it any longer says so in the middle.
      if stream.hasArrived { _ = try await actions(&sender) }
      try await write(bytes)
      report.done = start + (stream.confirmedCount - min(before, stream.confirmedCount))
      progress(report)
    }
    guard file.isUnchanged else { throw CourierError.changed(path: path) }
    let digest = hash.finalize()
    try await write(digest)
    sender.contentsEnded()
    finish()
    while true {
      for action in try await actions(&sender) {
        if case .delivered(let name) = action {
          report.done = file.size
          progress(report)
          return CrossedFile(name: name, size: file.size, hash: digest)
        }
      }
    }
  }

  private func actions(_ sender: inout FileSender) async throws -> [FileSender.Action] {
    guard let pieces = try await read() else {
      throw CourierError.transfer(.protocolViolation("it ended before the file was there"))
    }
    var actions: [FileSender.Action] = []
    for piece in pieces {
      do { actions += try sender.take(piece) } catch { throw CourierError.transfer(error) }
    }
    return actions
  }

  /// The longest part that both sides have alike, and the state of its hash; the file stands at its end.
  private func compare(
    _ file: OutgoingFile, with checkpoints: [Checkpoint]
  ) throws(CourierError) -> (start: UInt64, hash: BLAKE2b) {
    var hash = BLAKE2b()
    var best = (start: UInt64(0), hash: BLAKE2b())
    for checkpoint in checkpoints {
      while file.position < checkpoint.offset {
        let bytes = try file.read(Int(min(checkpoint.offset - file.position, 256 * 1024)))
        guard !bytes.isEmpty else { throw .changed(path: file.path) }
        hash.update(bytes)
      }
      guard hash.finalize() == checkpoint.hash else { break }
      best = (checkpoint.offset, hash)
    }
    file.seek(to: best.start)
    return best
  }

  /// Receives a file.
  ///
  /// - Parameters:
  ///   - directory: where to.
  ///   - key: who sends it.
  ///   - takesAlternative: whether it may get another name where its own is taken; otherwise it is refused.
  ///   - progress: called often; must not block.
  public func receive(
    into directory: String, from key: [UInt8], takesAlternative: Bool, progress: @Sendable (FileProgress) -> Void
  ) async throws -> CrossedFile {
    var receiver = FileReceiver()
    var file: IncomingFile?
    var report = FileProgress(name: "", size: 0, done: 0, start: 0)
    do {
      while let pieces = try await read() {
        for piece in pieces {
          for action in try receiver.take(piece) {
            switch action {
            case .judge(let name, let size):
              if !takesAlternative, access("\(directory)/\(name)", F_OK) == 0 {
                throw CourierError.file("\(name) is there already")
              }
              var mark = key
              withUnsafeBytes(of: size.bigEndian) { mark += $0 }
              let opened = try IncomingFile(in: directory, name: name, key: mark)
              file = opened
              try opened.reserve(size)
              report = FileProgress(name: name, size: size, done: 0, start: 0)
              try await write(receiver.accept(having: try opened.checkpoints(of: size)))
            case .truncate(let offset):
              try file?.truncate(to: offset)
              report = FileProgress(name: report.name, size: report.size, done: offset, start: offset)
              progress(report)
            case .store(let bytes):
              try file?.append(bytes)
              report.done += UInt64(bytes.count)
              progress(report)
            case .verify(let hash):
              guard let file else { continue }
              let name = try file.place(expecting: hash, takesAlternative: takesAlternative)
              try await write(receiver.placed(as: name))
              finish()
              return CrossedFile(name: name, size: report.size, hash: hash)
            }
          }
        }
      }
      throw CourierError.transfer(.protocolViolation("it ended before the file was there"))
    } catch let error as CourierError {
      // What is this board's matter the other is told, since it waits.
      if case .file(let reason) = error { await refuse(reason, &receiver) }
      if case .transfer(.damaged) = error { await refuse("\(error)", &receiver) }
      throw error
    } catch let error as TransferError {
      throw CourierError.transfer(error)
    }
  }

  private func refuse(_ reason: String, _ receiver: inout FileReceiver) async {
    // Paths of this board are its own.
    let told = reason.split(separator: " ").map { $0.hasPrefix("/") ? "its file" : $0 }.joined(separator: " ")
    try? await write(receiver.refuse(told))
    finish()
    await settle(within: .seconds(3))
  }
}
