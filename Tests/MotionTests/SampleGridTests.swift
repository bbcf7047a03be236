import Foundation
import Testing

@testable import Motion

/// Alice's own scans on the straight line of her grid.
@Suite struct SampleGridTests {
  /// 200 Hz, a slow swing on every axis; the scans from `jumps` on come later, each time by `shift` seconds.
  private func recording(shift: Double, jumps: [Int] = [60, 120], lost: Range<Int> = 0..<0) -> Recording {
    var recording = Recording()
    for i in 0..<400 where !lost.contains(i) {
      let t = Double(i) * 0.005 + shift * Double(jumps.count { $0 <= i })
      recording.timestamps.append(Int64(t * 1e9))
      recording.angularVelocity.append(swing(t))
      recording.clippedAngularVelocity.append([])
    }
    return recording
  }

  private func swing(_ t: Double) -> SIMD3<Double> {
    SIMD3(sin(2 * .pi * 4 * t), cos(2 * .pi * 3 * t), sin(2 * .pi * 5 * t + 1))
  }

  private func motion(_ recording: Recording) throws -> (GriddedMotion, SampleGrid) {
    let grid = try #require(SampleGrid(recording: recording, onset: 0, horizon: 2_000_000_000))
    return (gridOwnScans(recording, onset: 0, grid: grid, range: 5..<390, usesLeverArm: false), grid)
  }

  @Test func pausesOfAPeriodAndAHalfCostNoMoreThanThePauses() throws {
    // No line runs through the scans before, between and behind them: a third lie off it by more than a quarter of a
    // period.
    let (motion, grid) = try motion(recording(shift: 0.0025))
    let invalid = motion.invalidAngularVelocity.count { $0 != [] }
    #expect(invalid <= 4, "\(invalid) of \(motion.range.count) grid points are spoilt")
    for (place, point) in motion.range.enumerated() where motion.invalidAngularVelocity[place] == [] {
      let error = (motion.angularVelocity[place] - swing(grid.time(point))).norm
      #expect(error < 0.08, "\(error) at \(point)")
    }
  }

  @Test func scansThatAreLostStayLost() throws {
    let (motion, _) = try motion(recording(shift: 0, lost: 100..<103))
    let spoilt = motion.range.filter { motion.invalidAngularVelocity[$0 - motion.range.lowerBound] != [] }
    #expect(spoilt == [100, 101, 102])
  }

  @Test func scansOnTheLineAreTakenAsTheyAre() throws {
    let recording = recording(shift: 0)
    let (motion, _) = try motion(recording)
    #expect(motion.invalidAngularVelocity.allSatisfy { $0 == [] })
    for (place, point) in motion.range.enumerated() {
      #expect(motion.angularVelocity[place] == recording.angularVelocity[point])
    }
  }
}
