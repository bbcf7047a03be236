import Testing

@testable import Motion

/// Damages valid files in thousands of ways: the readers may refuse or accept, but neither crash nor give nonsense.
@Suite("Damaged captures")
struct CaptureMutationTests {
  static let seed: UInt64 = 0x7ACC_2024

  /// A few random changes: bytes flipped, replaced by telling ones, cut out, doubled, or the end cut off.
  static func damage(_ bytes: [UInt8], _ random: inout TestRandom) -> [UInt8] {
    var damaged = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) where !damaged.isEmpty {
      let position = Int.random(in: 0..<damaged.count, using: &random)
      let end = min(damaged.count, position + Int.random(in: 1...24, using: &random))
      switch Int.random(in: 0..<7, using: &random) {
      case 0: damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: damaged[position] = UInt8.random(in: 0...255, using: &random)
      case 2: damaged[position] = Array("<>&;\"'=/[]{}:,-.e9 0\n\0".utf8).randomElement(using: &random) ?? 0
      case 3: damaged.removeSubrange(position..<end)
      case 4: damaged.insert(contentsOf: damaged[position..<end], at: position)
      case 5: damaged.removeSubrange(position...)
      default:
        let digits = ["99999999999999999999", "-1", "1e999", "0", "nan", "\u{FFFD}", "-0.0"]
        damaged.replaceSubrange(position..<end, with: Array((digits.randomElement(using: &random) ?? "").utf8))
      }
    }
    return damaged
  }

  static func check(_ capture: Capture, _ note: String) {
    let recording = capture.recording
    #expect(recording.isConsistent && !recording.isEmpty && recording.count <= Capture.scanLimit, "\(note)")
    let finite = { (v: SIMD3<Double>) in v.x.isFinite && v.y.isFinite && v.z.isFinite }
    #expect(recording.acceleration.allSatisfy(finite) && recording.angularVelocity.allSatisfy(finite), "\(note)")
    #expect(recording.timestamps.allSatisfy { $0.magnitude < 1 << 62 }, "\(note)")
  }

  @Test("A damaged directory", arguments: ["context.xml", "mpu6050.bin", "capture.json"])
  func directory(name: String) throws {
    let scratch = try ScratchDirectory()
    let pair = try Simulator.simulate(SimulatorParameters(seed: 3, seconds: 1, restBefore: 0.5))
    var capture = pair.alice
    capture.recording = capture.recording.prefix(20)
    capture.notes = "für den Versuch"
    try capture.write(to: scratch.file("c"))
    let original = try CaptureFile.read(scratch.file("c/" + name), limit: 1 << 20, what: "test")
    var random = TestRandom(seed: Self.seed)
    var refused = 0
    for round in 0..<600 {
      try scratch.write(Self.damage(original, &random), "c/" + name)
      do throws(CaptureError) {
        Self.check(try Capture.read(directory: scratch.file("c")), "seed \(Self.seed), \(name), round \(round)")
      } catch {
        refused += 1
        #expect(error.file.hasPrefix(scratch.path) && !error.problem.isEmpty && !error.advice.isEmpty)
      }
    }
    #expect(refused > 60, "damage must often be noticed")
  }

  @Test("A damaged samples.json")
  func samples() throws {
    let recording = try Simulator.simulate(SimulatorParameters(seed: 3, seconds: 1, restBefore: 0.5)).alice.recording
      .prefix(8)
    let original = try SamplesFile.json(of: recording)
    var random = TestRandom(seed: Self.seed)
    var refused = 0
    for round in 0..<4000 {
      do throws(CaptureError) {
        Self.check(
          try SamplesFile.parse(Self.damage(original, &random), file: "s.json"), "seed \(Self.seed), round \(round)")
      } catch {
        refused += 1
        #expect(!error.problem.isEmpty && !error.advice.isEmpty)
      }
    }
    #expect(refused > 600)
  }

  @Test("A damaged context, as XML alone")
  func context() throws {
    let original = Array(contextXML(mpuChannels(), attributes: "<attribute name=\"a\" value=\"&lt;&#x41;\" />").utf8)
    var random = TestRandom(seed: Self.seed)
    for _ in 0..<3000 {
      do throws(CaptureError) {
        let context = try IIOContextParser.parse(Self.damage(original, &random), file: "context.xml")
        #expect(context.devices.count <= 2)
      } catch {
        #expect(error.file == "context.xml")
      }
    }
  }
}
