import Foundation
import SecureChannel
import Testing
import Transfer

@testable import Courier

@Suite("Files on the receiving board")
struct IncomingFileTests {
  private let contents: [UInt8] = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ $0 >> 9) }

  private func inDirectory(_ body: (String) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.path + "/tacc-\(UUID())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try body(directory)
  }

  private func names(_ directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
  }

  @Test("it has its name only when it is whole, and is nobody's else until then")
  func placing() throws {
    try inDirectory { directory in
      let file = try IncomingFile(in: directory, name: "x.bin", key: [1])
      #expect(try file.checkpoints(of: 100_000).isEmpty)
      try file.truncate(to: 0)
      try file.append(contents[..<40_000])
      let hidden = try #require(try names(directory).first)
      #expect(try names(directory).count == 1 && hidden.hasPrefix(".x.bin.") && hidden.hasSuffix(".part"))
      var status = stat()
      #expect(stat("\(directory)/\(hidden)", &status) == 0 && status.st_mode & 0o777 == 0o600)
      try file.append(contents[40_000...])
      #expect(try file.place(expecting: BLAKE2b.hash(contents), takesAlternative: false) == "x.bin")
      #expect(try names(directory) == ["x.bin"])
      #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: directory + "/x.bin"))) == contents)
    }
  }

  @Test("nothing is overwritten: another name, or a refusal that leaves what was received")
  func taken() throws {
    try inDirectory { directory in
      for name in ["x.bin", "x (1).bin"] { try Data([9]).write(to: URL(fileURLWithPath: "\(directory)/\(name)")) }
      func received() throws -> IncomingFile {
        let file = try IncomingFile(in: directory, name: "x.bin", key: [1])
        try file.truncate(to: 0)
        try file.append(contents[...])
        return file
      }
      #expect(throws: CourierError.self) {
        try received().place(expecting: BLAKE2b.hash(contents), takesAlternative: false)
      }
      #expect(try received().place(expecting: BLAKE2b.hash(contents), takesAlternative: true) == "x (2).bin")
      for name in ["x.bin", "x (1).bin"] {
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)")) == Data([9]))
      }
    }
  }

  @Test("what is not what was sent gets no name, and is not gone on with")
  func wrongHash() throws {
    try inDirectory { directory in
      let file = try IncomingFile(in: directory, name: "x", key: [1])
      try file.truncate(to: 0)
      try file.append([1, 2, 3])
      #expect(throws: CourierError.transfer(.damaged)) {
        try file.place(expecting: BLAKE2b.hash([1, 2, 4]), takesAlternative: true)
      }
      #expect(try names(directory).isEmpty)
    }
  }

  @Test("what an earlier process left is offered with hashes, and gone on with at any of them")
  func resume() throws {
    try inDirectory { directory in
      do {
        let file = try IncomingFile(in: directory, name: "x", key: [1])
        try file.truncate(to: 0)
        try file.append(contents[..<64_000])
      }
      let file = try IncomingFile(in: directory, name: "x", key: [1])
      let checkpoints = try file.checkpoints(of: 100_000)
      #expect(checkpoints.map(\.offset) == Checkpoint.offsets(for: 64_000))
      #expect(checkpoints.allSatisfy { $0.hash == BLAKE2b.hash(contents[..<Int($0.offset)]) })
      try file.truncate(to: 60_000)
      try file.append(contents[60_000...])
      #expect(try file.place(expecting: BLAKE2b.hash(contents), takesAlternative: false) == "x")
      #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: directory + "/x"))) == contents)
    }
  }

  @Test("another sender's unfinished file of the same name is another file; the same one is for one process at a time")
  func keys() throws {
    try inDirectory { directory in
      let file = try IncomingFile(in: directory, name: "x", key: [1])
      _ = try IncomingFile(in: directory, name: "x", key: [2])
      #expect(try names(directory).count == 2)
      #expect(throws: CourierError.self) { _ = try IncomingFile(in: directory, name: "x", key: [1]) }
      #expect(throws: CourierError.self) { try file.reserve(1 << 62) }
      #expect(throws: CourierError.self) { try file.truncate(to: 5) }
    }
  }

  @Test("what is no regular file is not sent, and the error says what to do")
  func outgoing() throws {
    try inDirectory { directory in
      #expect { _ = try OutgoingFile(path: directory) } throws: { "\($0)".contains("tar") }
      #expect(throws: CourierError.self) { _ = try OutgoingFile(path: directory + "/none") }
      #expect(mkfifo(directory + "/fifo", 0o600) == 0)
      #expect(throws: CourierError.self) { _ = try OutgoingFile(path: directory + "/fifo") }
      try Data(contents).write(to: URL(fileURLWithPath: directory + "/x"))
      let file = try OutgoingFile(path: directory + "/x")
      #expect(file.name == "x" && file.size == 100_000 && file.isUnchanged)
      #expect(try file.read(10) == Array(contents[..<10]))
      file.seek(to: 99_995)
      #expect(try file.read(10) == Array(contents[99_995...]))
      try Data([1]).write(to: URL(fileURLWithPath: directory + "/x"), options: [])
      #expect(!file.isUnchanged)
    }
  }
}
