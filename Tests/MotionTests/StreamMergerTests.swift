import Testing

@testable import Motion

@Suite("Merging an accelerometer and a gyroscope on their stamps")
struct StreamMergerTests {
  private func accelerations(_ times: [Int64], clipped: Set<Int64> = []) -> Recording {
    var recording = Recording()
    for time in times {
      recording.append(
        timestamp: time, acceleration: SIMD3(Double(time), 1, -Double(time)),
        clippedAcceleration: clipped.contains(time) ? .y : [])
    }
    return recording
  }

  private func rates(_ times: [Int64]) -> Recording {
    var recording = Recording()
    for time in times { recording.append(timestamp: time, angularVelocity: SIMD3(repeating: Double(time) / 10)) }
    return recording
  }

  /// One scan per 10 ns, so that numbers stay readable.
  private let rate = 1e8

  @Test("the slower device leads; of equals the gyroscope")
  func leader() {
    #expect(StreamMerger(accelerometerRate: 100, gyroscopeRate: 200).leader == .accelerometer)
    #expect(StreamMerger(accelerometerRate: 200, gyroscopeRate: 100).leader == .gyroscope)
    #expect(StreamMerger(accelerometerRate: 104, gyroscopeRate: 104).leader == .gyroscope)
    #expect(StreamMerger(accelerometerRate: nil, gyroscopeRate: 104).leader == .gyroscope)
  }

  @Test("values are interpolated between the scans around each stamp, and taken as they are on it")
  func interpolation() throws {
    var merger = StreamMerger(accelerometerRate: rate, gyroscopeRate: rate)
    merger.append(rates([3, 10, 18]), from: .gyroscope)
    merger.append(accelerations([0, 10, 20]), from: .accelerometer)
    let merged = try merger.take()
    #expect(merged.timestamps == [3, 10, 18])
    #expect(merged.acceleration.map(\.x) == [3, 10, 18])
    #expect(merged.angularVelocity.map(\.x) == [0.3, 1, 1.8])
    #expect(merged.isConsistent)
  }

  @Test("a scan waits until the other device has gone past it, in whatever pieces they come")
  func pieces() throws {
    var whole = StreamMerger(accelerometerRate: rate, gyroscopeRate: rate)
    whole.append(rates((0..<200).map { $0 * 10 + 4 }), from: .gyroscope)
    whole.append(accelerations((0..<200).map { $0 * 10 }), from: .accelerometer)
    let expected = try whole.take()
    #expect(expected.count == 199, "the last one waits")

    var merger = StreamMerger(accelerometerRate: rate, gyroscopeRate: rate)
    var merged = Recording()
    var generator = SystemRandomNumberGenerator()
    var position = (0, 0)
    while position.0 < 200 || position.1 < 200 {
      let step = Int.random(in: 1...9, using: &generator)
      if Bool.random(using: &generator) {
        let range = position.0..<min(200, position.0 + step)
        merger.append(rates(range.map { Int64($0) * 10 + 4 }), from: .gyroscope)
        position.0 = range.upperBound
      } else {
        let range = position.1..<min(200, position.1 + step)
        merger.append(accelerations(range.map { Int64($0) * 10 }), from: .accelerometer)
        position.1 = range.upperBound
      }
      merged.append(contentsOf: try merger.take())
    }
    #expect(merged.timestamps == expected.timestamps)
    #expect(merged.acceleration == expected.acceleration)
    #expect(merged.angularVelocity == expected.angularVelocity)
  }

  @Test("across a gap of the other device, and before its first scan, there is no value")
  func gaps() throws {
    var merger = StreamMerger(accelerometerRate: rate, gyroscopeRate: rate)
    merger.append(rates([5, 15, 25, 35, 55, 75]), from: .gyroscope)
    merger.append(accelerations([10, 20, 30, 60, 70, 80]), from: .accelerometer)
    let merged = try merger.take()
    #expect(merged.timestamps == [5, 15, 25, 35, 55, 75])
    #expect(merged.acceleration.map(\.x.isNaN) == [true, false, false, true, true, false])
    #expect(merged.angularVelocity.allSatisfy { $0.x.isFinite })
  }

  @Test("a device that is slower than it says is bridged by what its stamps show")
  func slowerThanNominal() throws {
    var merger = StreamMerger(accelerometerRate: rate, gyroscopeRate: rate)
    merger.append(rates((0..<40).map { $0 * 40 + 5 }), from: .gyroscope)
    merger.append(accelerations((0..<41).map { $0 * 40 }.filter { !(800..<900).contains($0) }), from: .accelerometer)
    let merged = try merger.take()
    #expect(merged.count == 40)
    #expect(merged.acceleration.filter(\.x.isNaN).count == 4, "only those of the gap")
  }

  @Test("a value is clipped if either of its two scans is")
  func clipping() throws {
    var merger = StreamMerger(accelerometerRate: rate, gyroscopeRate: rate)
    merger.append(rates([5, 15, 25, 30]), from: .gyroscope)
    merger.append(accelerations([0, 10, 20, 30], clipped: [20]), from: .accelerometer)
    #expect(try merger.take().clippedAcceleration == [[], .y, .y, []])
  }

  @Test("stray stamps: the leader's pass, the follower's are dropped")
  func strays() throws {
    var merger = StreamMerger(accelerometerRate: rate, gyroscopeRate: rate)
    merger.append(rates([5, 15, 12, 15, 25]), from: .gyroscope)
    merger.append(accelerations([0, 10, 10, 4, 20, 30]), from: .accelerometer)
    let merged = try merger.take()
    #expect(merged.timestamps == [5, 15, 12, 15, 25])
    #expect(merged.acceleration.map(\.x) == [5, 15, 12, 15, 25])
  }

  @Test("a device that never comes does not fill memory")
  func backlog() throws {
    var merger = StreamMerger(accelerometerRate: rate, gyroscopeRate: rate)
    #expect(throws: StreamMerger.Problem.self) {
      for block in 0..<10 {
        merger.append(rates((0..<1000).map { Int64(block * 1000 + $0) * 10 }), from: .gyroscope)
        _ = try merger.take()
      }
    }
  }
}
