import Foundation
import Testing

import Service

/// Where log lines go.
@Suite struct ServiceLogTests {
  @Test(.timeLimit(.minutes(1))) func aReaderThatHasStoppedHoldsUpNobody() throws {
    let pipe = Pipe()
    let log = ServiceLog(
      minimum: .info, forJournal: true, write: ServiceLog.lines(to: pipe.fileHandleForWriting.fileDescriptor))
    for number in 0..<5000 { log(.info, "line \(number) of many that nobody reads for now") }
    let backlog = lines(pipe)
    #expect(backlog.first == "<6>line 0 of many that nobody reads for now")
    #expect((100..<5000).contains(backlog.count))

    log(.info, "somebody reads again")
    #expect(
      lines(pipe) == [
        "\(5000 - backlog.count) lines of the log were lost: nobody read them", "<6>somebody reads again",
      ])
  }

  @Test func aLineIsNeverLongerThanAPipeTakesWhole() {
    let pipe = Pipe()
    let log = ServiceLog(
      minimum: .info, forJournal: true, write: ServiceLog.lines(to: pipe.fileHandleForWriting.fileDescriptor))
    log(.info, String(repeating: "é", count: 5000))
    log(.info, "next")
    let bytes = bytes(pipe)
    #expect(bytes.firstIndex(of: UInt8(ascii: "\n")) == 4095)
    #expect(bytes.suffix(8) == Data("<6>next\n".utf8))
  }

  /// All that waits in a pipe.
  private func bytes(_ pipe: Pipe) -> Data {
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = read(pipe.fileHandleForReading.fileDescriptor, &bytes, bytes.count)
    return Data(bytes.prefix(max(0, count)))
  }

  private func lines(_ pipe: Pipe) -> [String] {
    String(decoding: bytes(pipe), as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
