import Foundation
import Testing

@testable import Motion

/// Writing goes through a rename, which would put a plain file where a pipe or a device was.
@Suite struct SpecialFileTests {
  private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("special-\(UUID())").path

  init() throws { try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true) }

  private var recording: Recording {
    var recording = Recording()
    for i in 0..<4 { recording.append(timestamp: Int64(i) * 5_000_000, acceleration: SIMD3(0, 0, Double(i))) }
    return recording
  }

  @Test func aPipeIsNotReplaced() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let pipe = directory + "/pipe"
    try #require(mkfifo(pipe, 0o600) == 0)
    let error = #expect(throws: CaptureError.self) { try SamplesFile.write(recording, to: pipe) }
    #expect(error?.kind == .unwritable)
    #expect(CaptureFile.kind(of: pipe) == .other)
  }

  @Test func aLinkToAPipeIsNotReplacedEither() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let (pipe, link) = (directory + "/pipe", directory + "/link")
    try #require(mkfifo(pipe, 0o600) == 0)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: pipe)
    #expect(throws: CaptureError.self) { try SamplesFile.write(recording, to: link) }
    #expect(CaptureFile.kind(of: link) == .other)
  }

  @Test(arguments: [true, false]) func whatALinkNamesIsWritten(exists: Bool) throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let (file, link) = (directory + "/file", directory + "/link")
    if exists { try Data("old".utf8).write(to: URL(fileURLWithPath: file)) }
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "file")
    try SamplesFile.write(recording, to: link)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "file")
    #expect(try SamplesFile.read(path: file).recording.count == 4)
  }

  @Test func aDirectoryIsRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    #expect(throws: CaptureError.self) { try SamplesFile.write(recording, to: directory) }
  }

  /// An empty name is no place to write to, least of all the root directory.
  @Test func anEmptyNameIsNotTheRootDirectory() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let capture = Capture(label: "x", recording: recording)
    let pair = CapturePair(alice: capture, bob: capture, manifest: .init(together: nil, kind: nil))
    let error = #expect(throws: CaptureError.self) { try pair.write(to: "") }
    #expect(error?.kind == .unwritable)
    #expect(CaptureFile.join("", "alice") == "alice")
  }

  /// What the system says, not what Foundation makes of it.
  @Test func aPlaceThatCannotBeWrittenSaysWhy() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let file = directory + "/file"
    try Data("x".utf8).write(to: URL(fileURLWithPath: file))
    let reasons = [
      #expect(throws: CaptureError.self) { try SamplesFile.write(recording, to: directory + "/none/x.json") }?.problem,
      #expect(throws: CaptureError.self) { try CaptureFile.makeDirectory(file + "/below") }?.problem,
      #expect(throws: CaptureError.self) { try CaptureFile.makeDirectory(file) }?.problem,
    ]
    #expect(
      reasons == [
        "cannot be written (No such file or directory)", "cannot be made a directory (Not a directory)",
        "cannot be made a directory (File exists)",
      ])
  }

  /// Either format would do, and both are named.
  @Test func aPathThatLeadsNowhereNamesBothFormats() {
    let path = directory + "/none"
    for error in [
      #expect(throws: CaptureError.self, performing: { try CaptureFormat.load(path: path) }),
      #expect(throws: CaptureError.self, performing: { try RawCapture.load(path: path) }),
    ] {
      #expect(error?.kind == .notFound)
      #expect(
        error?.problem == "cannot be opened (No such file or directory), expected a capture directory (context.xml and "
          + "NAME.bin) or a samples.json")
    }
    #expect(throws: CaptureError.self) { try CaptureFormat.load(path: "") }
  }

  /// Scans nanoseconds apart, as a clock that all but stands still gives them, cost no more than others.
  @Test func aClockThatStandsStillCostsNothing() {
    var detector = BurstDetector()
    for i in 0..<100_000 {
      _ = detector.feed(time: Int64(i), acceleration: nil, angularVelocity: SIMD3(0, 0, 0.1))
    }
    #expect(!detector.isInBurst)
  }
}
