import Testing

@testable import Motion

@Suite("A recording")
struct RecordingTests {
  @Test("starts empty, without sensors")
  func empty() {
    let recording = Recording()
    #expect(recording.isEmpty && !recording.hasAccelerometer && !recording.hasGyroscope && recording.isConsistent)
    #expect(recording.duration == 0)
    #expect(recording[0..<10].isEmpty)
  }

  @Test("keeps every array as long as its scans, whatever is appended")
  func appendFillsGaps() {
    var recording = Recording()
    recording.append(timestamp: 1, angularVelocity: SIMD3(1, 2, 3))
    recording.append(timestamp: 2, acceleration: SIMD3(4, 5, 6), clippedAcceleration: .x)
    recording.append(timestamp: 3)
    #expect(recording.count == 3 && recording.isConsistent)
    #expect(recording.acceleration[0].x.isNaN && recording.acceleration[1] == SIMD3(4, 5, 6))
    #expect(recording.angularVelocity[0] == SIMD3(1, 2, 3) && recording.angularVelocity[2].z.isNaN)
    #expect(recording.clippedAcceleration == [[], .x, []])
    #expect(recording.clippedAngularVelocity == [[], [], []])
  }

  @Test("appends to arrays that were made without clipping flags")
  func appendAfterInit() {
    var recording = Recording(timestamps: [0], acceleration: [SIMD3(1, 1, 1)])
    recording.append(timestamp: 1, acceleration: SIMD3(2, 2, 2), clippedAcceleration: [.y, .z])
    #expect(recording.isConsistent)
    #expect(recording.clippedAcceleration == [[], [.y, .z]])
  }

  @Test("notices arrays of different length")
  func inconsistent() {
    #expect(!Recording(timestamps: [0, 1], acceleration: [SIMD3()]).isConsistent)
    #expect(!Recording(timestamps: [], angularVelocity: [SIMD3()]).isConsistent)
  }

  @Test("is sliced by any range without a trap")
  func slices() {
    var recording = Recording(nominalRate: 200)
    for index in 0..<10 { recording.append(timestamp: Int64(index), acceleration: SIMD3(repeating: Double(index))) }
    #expect(recording[2..<5].timestamps == [2, 3, 4])
    #expect(recording[8..<100].timestamps == [8, 9])
    #expect(recording[100..<200].isEmpty)
    #expect(recording[(-5)..<2].timestamps == [0, 1])
    #expect(recording.prefix(3).acceleration.count == 3 && recording.prefix(-1).isEmpty)
    #expect(recording.suffix(from: 7).timestamps == [7, 8, 9] && recording.suffix(from: 99).isEmpty)
    #expect(recording.prefix(3).nominalRate == 200 && recording.prefix(3).isConsistent)
    #expect(!recording.hasGyroscope && !recording.prefix(3).hasGyroscope)
  }

  @Test("joins with another recording")
  func joins() {
    var recording = Recording()
    recording.append(timestamp: 1, acceleration: SIMD3(1, 0, 0), clippedAcceleration: .x)
    recording.append(contentsOf: recording)
    #expect(recording.timestamps == [1, 1] && recording.clippedAcceleration == [.x, .x] && recording.isConsistent)
  }

  @Test("measures its duration even where the difference of stamps overflows")
  func duration() {
    #expect(Recording(timestamps: [5_000_000_000, 7_500_000_000]).duration == 2.5)
    #expect(Recording(timestamps: [2, 1]).duration < 0)
    #expect(Recording(timestamps: [.min, .max]).duration > 1e10)
  }

  @Test("names axes by number")
  func axisFlags() {
    #expect(AxisFlags(axis: 0) == .x && AxisFlags(axis: 1) == .y && AxisFlags(axis: 2) == .z)
    #expect(AxisFlags(axis: 3) == [] && AxisFlags(axis: -1) == [])
    #expect(AxisFlags.all.rawValue == 7)
  }
}
