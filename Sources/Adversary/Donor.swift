import Motion

/// A recording of another motion that an attacker holds against the attacked one: an imitation of it, or another shake.
package struct Donor: Sendable {
  /// What it is called.
  package let name: String
  private let recording: Recording
  private let onset: Int64
  private let grid: SampleGrid

  /// A recording with its onset, which is its first scan where it does not begin in quiet.
  ///
  /// - Returns: `nil` where there is no motion, or too few scans for a grid.
  package init?(name: String, recording: Recording) {
    var detector = BurstDetector(assumesOnset: !BurstDetector.findsOnset(in: recording))
    var onset: Int64?
    for scan in 0..<recording.count where onset == nil {
      let transition = detector.feed(
        time: recording.timestamps[scan], acceleration: recording.hasAccelerometer ? recording.acceleration[scan] : nil,
        angularVelocity: recording.hasGyroscope ? recording.angularVelocity[scan] : nil)
      if case .began(let time) = transition { onset = time }
    }
    guard let onset,
      let grid = SampleGrid(recording: recording, onset: onset, horizon: Int64(Preamble.duration * 1e9))
    else { return nil }
    self.name = name
    self.recording = recording
    self.onset = onset
    self.grid = grid
  }

  /// A donor brought as near to a motion as it comes.
  struct Fit: Sendable {
    /// The donor in place of the motion: one series per channel, as long as the motion.
    let series: [[Double]]
    /// Share of the motion's energy that it explains.
    let quality: Double
    /// The same of the angular rate alone; of all where there is none.
    let rotationQuality: Double

    /// From here on the donor is a sensor on the same body, which is no imitation (and not resisted).
    static let sameBody = 0.9

    /// As features of every step: around it, since an imitator is late, and not always by as much.
    var side: SideSeries { SideSeries(series, lags: [-6, -4, -2, -1, 0, 1, 2, 4, 6]) }
  }

  /// The best fit over all shifts in time: one matrix and offset per sensor kind by least squares, over the whole motion.
  ///
  /// That uses the truth to align, which no attacker has: what is left in spite of it is left in any case.
  ///
  /// - Parameter spacing: of the motion's steps, seconds.
  /// - Returns: `nil` where the donor's scans do not fit the steps, or it covers too little.
  func fit(to table: MotionTable, spacing: Double) -> Fit? {
    let width = max(1, Int((spacing / grid.spacing).rounded()))
    guard abs(Double(width) * grid.spacing / spacing - 1) < 0.15, width <= 64, let last = recording.timestamps.last
    else { return nil }
    let length = Int(Double(last - onset) * 1e-9 / (Double(width) * grid.spacing))
    guard
      let own = MotionTable(
        recording, onset: onset, grid: grid, channels: table.channels, width: width, end: length,
        filters: table.filters)
    else { return nil }
    let donated = table.channels.indices.map(own.filled)
    let least = min(table.steps, own.steps) * 3 / 5
    let coarse = stride(from: least - table.steps, through: own.steps - least, by: 2).map { shift in
      (shift, match(table, donated, own.steps, shift, stride: 3)?.quality ?? -1)
    }
    guard let rough = coarse.max(by: { $0.1 < $1.1 }), rough.1 > -1 else { return nil }
    return (-1...1).compactMap { match(table, donated, own.steps, rough.0 + $0, stride: 1) }
      .max { $0.quality < $1.quality }
  }

  /// The fit with the donor's step t + shift at the motion's step t.
  private func match(_ table: MotionTable, _ donated: [[Double]], _ length: Int, _ shift: Int, stride: Int) -> Fit? {
    var series = [[Double]](repeating: [], count: table.channels.count)
    var residuals = 0.0
    var kinds = 0.0
    var rotationQuality: Double?
    for kind in SensorKind.allCases {
      let columns = table.channels.indices.filter { table.channels[$0].kind == kind }
      guard !columns.isEmpty else { continue }
      var equations = columns.map { _ in LeastSquares(unknowns: columns.count + 1) }
      var sums = columns.map { _ in 0.0 }
      var row = [Double](repeating: 1, count: columns.count + 1)
      for step in Swift.stride(from: max(0, -shift), to: min(table.steps, length - shift), by: stride) {
        for (place, column) in columns.enumerated() { row[place] = donated[column][step + shift] }
        for (place, column) in columns.enumerated() {
          let value = table[step, column]
          guard value.isFinite else { continue }
          equations[place].add(row, target: value)
          sums[place] += value
        }
      }
      var kindResidual = 0.0
      var kindEnergy = 0.0
      for (place, target) in columns.enumerated() {
        let own = equations[place]
        guard own.count > 60, let solution = own.solve() else { return nil }
        kindResidual += own.residual(of: solution)
        kindEnergy += own.energy - sums[place] * sums[place] / Double(own.count)
        if stride == 1 {
          series[target] = (0..<table.steps).map { step in
            let nearest = min(max(step + shift, 0), length - 1)
            return zip(columns, solution).reduce(solution[columns.count]) { $0 + donated[$1.0][nearest] * $1.1 }
          }
        }
      }
      residuals += kindResidual / max(kindEnergy, 1e-12)
      kinds += 1
      if rotationQuality == nil { rotationQuality = 1 - kindResidual / max(kindEnergy, 1e-12) }
    }
    guard kinds > 0 else { return nil }
    let quality = 1 - residuals / kinds
    return Fit(series: series, quality: quality, rotationQuality: rotationQuality ?? quality)
  }
}

extension AttackedPair {
  /// Alice's recording as one to hold against others.
  package var donor: Donor? { Donor(name: name, recording: recording) }
}
