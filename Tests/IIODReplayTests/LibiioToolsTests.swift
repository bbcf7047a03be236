import Foundation
import Motion
import Testing

@testable import IIODReplay

/// The tools of libiio itself as clients. Without them the tests are skipped, and say so.
@Suite("libiio's own tools", .serialized, .timeLimit(.minutes(2)))
struct LibiioToolsTests {
  static let directory = ["/usr/bin", "/usr/local/bin", "/bin"].first { path in
    ["iio_info", "iio_attr", "iio_readdev"].allSatisfy { FileManager.default.isExecutableFile(atPath: "\(path)/\($0)") }
  }
  static let areThere: Bool = {
    if directory == nil {
      let text =
        "\n*** SKIPPED: iio_info, iio_attr and iio_readdev are not installed (package libiio-utils), so nothing\n"
        + "*** here shows that libiio accepts the replay server.\n\n"
      FileHandle.standardError.write(Data(text.utf8))
    }
    return directory != nil
  }()

  func run(_ tool: String, _ arguments: [String]) async throws -> (output: [UInt8], status: Int32) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: (Self.directory ?? "") + "/" + tool)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    return await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        continuation.resume(returning: (bytes, process.terminationStatus))
      }
    }
  }

  @Test("accept the context, its attributes and its scans", .enabled(if: areThere, "libiio-utils is not installed"))
  func tools() async throws {
    let capture = try TestCapture.counting(TestCapture.regular(400), rate: 200)
    let server = IIODReplayServer(captures: [capture, try TestCapture.hub()], port: 0)
    let endpoints = try await server.start()
    do {
      try await check(endpoints.map(\.uri))
    } catch {
      await server.shutdown()
      throw error
    }
    await server.shutdown()
  }

  func check(_ uris: [String]) async throws {
    let info = try await run("iio_info", ["-u", uris[0]])
    let text = String(decoding: info.output, as: UTF8.self)
    #expect(info.status == 0)
    for line in [
      "git tag: tacc", "replay,capture: counting", "iio:device0: mpu6050 (buffer capable)",
      "timestamp:  (input, index: 6, format: le:S64/64>>0)", "scale_available value: 0.01",
      "sampling_frequency value: 200", "current_timestamp_clock value: monotonic", "direction value: in",
    ] {
      #expect(text.contains(line), "iio_info says:\n\(text)")
    }
    #expect(!text.lowercased().contains("error"), "iio_info says:\n\(text)")
    let hub = String(decoding: try await run("iio_info", ["-u", uris[1]]).output, as: UTF8.self)
    #expect(hub.contains("Current trigger: trigger0(accel_3d-dev0)"), "iio_info says:\n\(hub)")

    func attribute(_ arguments: [String]) async throws -> (text: String, status: Int32) {
      let result = try await run("iio_attr", ["-u", uris[0]] + arguments)
      return (String(decoding: result.output, as: UTF8.self), result.status)
    }
    let clock = try await attribute(["-d", "mpu6050", "current_timestamp_clock", "boottime"])
    #expect(clock.text.contains("boottime"))
    #expect(try await attribute(["-d", "mpu6050", "current_timestamp_clock"]).text.contains("boottime"))
    #expect(try await attribute(["-d", "mpu6050", "sampling_frequency", "100"]).text.contains("Invalid argument"))
    #expect(!(try await attribute(["-c", "mpu6050", "accel_x", "scale", "0.01"]).text.contains("ERROR")))
    #expect(try await attribute(["-B", "mpu6050", "watermark", "12"]).text.contains("12"))
    _ = try await attribute(["-d", "mpu6050", "current_timestamp_clock", "monotonic"])

    let before = TimestampClock.monotonic.now()
    let scans = try await run("iio_readdev", ["-u", uris[0], "-b", "50", "-s", "100", "mpu6050"])
    #expect(scans.status == 0)
    #expect(scans.output.count == 2400)
    let all = stride(from: 0, to: scans.output.count, by: 24).map { Array(scans.output[$0..<$0 + 24]) }
    let stamps = all.map(stamp)
    #expect(stamps.first.map { $0 > before } == true)
    #expect(zip(stamps, stamps.dropFirst()).allSatisfy { $1 - $0 == 5_000_000 })
    #expect(all.map { code($0, at: 0) } == (0..<100).map { Int16($0 * 100) })

    // Some channels only, of a device with other formats; then a recording that ends.
    let some = try await run(
      "iio_readdev", ["-u", uris[1], "-b", "5", "-s", "10", "gyro_3d", "anglvel_y", "timestamp"])
    #expect(some.status == 0)
    #expect(some.output.count == 160)
    for scan in 0..<min(10, some.output.count / 16) { #expect(Int(some.output[scan * 16]) == scan * 10 + 1) }
    let ended = try await run("iio_readdev", ["-u", uris[1], "-b", "50", "-T", "2000", "gyro_3d"])
    #expect(String(decoding: ended.output, as: UTF8.self).contains("Connection timed out"))
  }
}
