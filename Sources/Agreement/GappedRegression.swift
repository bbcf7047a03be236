/// Linear prediction of the entries of a row from the entries before them, learning row by row, with gaps anywhere.
///
/// Rows are taken as draws of a normal distribution of mean 0 whose covariance is learnt by expectation maximisation, one
/// step per row (A. P. Dempster, N. M. Laird and D. B. Rubin, Maximum likelihood from incomplete data via the EM
/// algorithm, 1977): what is missing is replaced by its conditional mean, and its conditional covariance is added.
/// Merely filling gaps with guesses would spoil what is learnt, and so overstate the entropy of a signal with erasures.
package final class GappedRegression {
  package let width: Int
  private let forgetting: Double
  /// The number of rows that the covariance sum stands for.
  private var weight: Double
  /// The covariance times `weight`, lower triangle; column j begins at j·width.
  private let sum: WipedScratch<Double>
  /// The Cholesky factor L of what the sum was at the last `refactor()`, laid out alike, and the weight at that time.
  private let factor: WipedScratch<Double>
  private var factorWeight: Double
  private let inversePivots: WipedScratch<Double>
  private var rowsSinceFactor = 0
  private var isFrozen = false
  private let ridge: Double
  /// Whether `factor` could be computed from finite figures.
  package private(set) var isFinite = true

  // Forward substitution of the known part of the row (place 0) and of each missing entry k (place 1 + k): with
  // u = L⁻¹·row every entry of u has variance 1 / factorWeight, and u = u₀ + Σ x_k·u_k for missing entries x.
  private let partial: WipedScratch<Double>
  private let unit: WipedScratch<Double>
  /// Indices of the missing entries met so far.
  private let missing: WipedScratch<Int>
  private var missingCount = 0
  // Normal equations for the missing entries, their Cholesky factor and solution.
  private let normal: WipedScratch<Double>
  private let normalFactor: WipedScratch<Double>
  private let right: WipedScratch<Double>
  private let solution: WipedScratch<Double>
  private let work: WipedScratch<Double>

  /// - Parameters:
  ///   - width: entries per row.
  ///   - ridge: how many rows of unrelated entries of variance 1 are imagined before the first row.
  ///   - forgetting: the weight of a row per row of age; 1 forgets nothing.
  package init(width: Int, ridge: Double, forgetting: Double) {
    self.width = width
    self.forgetting = forgetting
    self.ridge = ridge
    weight = ridge
    factorWeight = ridge
    sum = WipedScratch(repeating: 0, count: width * width)
    factor = WipedScratch(repeating: 0, count: width * width)
    inversePivots = WipedScratch(repeating: 0, count: width)
    partial = WipedScratch(repeating: 0, count: width * (width + 1))
    unit = WipedScratch(repeating: 0, count: width + 1)
    missing = WipedScratch(repeating: 0, count: width)
    normal = WipedScratch(repeating: 0, count: width * width)
    normalFactor = WipedScratch(repeating: 0, count: width * width)
    right = WipedScratch(repeating: 0, count: width)
    solution = WipedScratch(repeating: 0, count: width)
    work = WipedScratch(repeating: 0, count: width)
    clear()
    refactor()
  }

  /// What another one knows, to be learnt on from separately.
  package convenience init(copying other: GappedRegression) {
    self.init(width: other.width, ridge: other.ridge, forgetting: other.forgetting)
    sum.pointer.update(from: other.sum.pointer, count: width * width)
    weight = other.weight
    refactor()
  }

  private func clear() {
    for index in 0..<sum.count { sum[index] = 0 }
    for column in 0..<width { sum[column * width + column] = ridge }
    weight = ridge
  }

  /// From here on `guess` stays with what is known now, and `learn` collects anew: one full step of expectation
  /// maximisation, closed by `endCollecting()`.
  package func beginCollecting() {
    refactor()
    clear()
    isFrozen = true
  }

  /// Puts what was collected in the place of what was known.
  package func endCollecting() {
    isFrozen = false
    refactor()
  }

  /// From here on what was learnt so far counts as at most so many rows, so that new ones soon tell.
  package func limitWeight(to rows: Double) {
    if weight > rows {
      let scale = rows / weight
      for index in 0..<sum.count { sum[index] *= scale }
      weight = rows
    }
    refactor()
  }

  /// Goes through a row, NaN where missing, guessing the entries of a range, each from all known entries before it.
  ///
  /// - Parameter report: called with the entry's index, its guess, and by what factor gaps before it raise the variance
  ///   of the guess's error, before the entry is looked at.
  package func guess(_ row: WipedScratch<Double>, _ range: Range<Int>, report: (Int, Double, Double) -> Void) {
    // What is learnt changes ever more slowly, so it need not be factored anew for every row.
    if !isFrozen && rowsSinceFactor > 0 && Double(rowsSinceFactor) >= weight / 40 { refactor() }
    missingCount = 0
    let (width, partial, unit) = (width, partial.pointer, unit.pointer)
    for entry in 0..<width { partial[entry] = 0 }
    var solved = false
    for entry in 0..<width {
      let inverse = inversePivots.pointer[entry]
      if range.contains(entry) {
        if missingCount > 0 && !solved { solveForMissing() }
        solved = true
        report(entry, conditionalMean(entry), 1 + conditionalVariance(entry) * inverse * inverse)
      }
      var value = row.pointer[entry]
      if value.isNaN {
        value = 0
        addUnknown(entry)
      }
      unit[0] = (value - partial[entry]) * inverse
      for k in 0..<missingCount {
        unit[1 + k] = ((missing.pointer[k] == entry ? 1 : 0) - partial[(1 + k) * width + entry]) * inverse
      }
      accumulate(entry)
      if missingCount > 0 {
        addEquation()
        solved = false
      }
    }
  }

  /// Learns from a row, whose gaps are filled with their conditional means.
  ///
  /// - Parameter hasGaps: whether anything is missing; if so the row must be the one last given to `guess`.
  package func learn(_ row: WipedScratch<Double>, hasGaps: Bool) {
    weight = weight * forgetting + 1
    if forgetting != 1 { for index in 0..<sum.count { sum[index] *= forgetting } }
    if hasGaps {
      solveForMissing()
      for k in 0..<missingCount { row[missing[k]] = solution[k] }
      for k in 0..<missingCount {
        // Column k of the inverse of the normal equations, from the diagonal on.
        for l in k..<missingCount { work[l] = l == k ? 1 : 0 }
        divideByFactor(from: k)
        divideByTransposedFactor(from: k)
        for l in k..<missingCount { sum[missing[k] * width + missing[l]] += work[l] / factorWeight }
      }
    }
    let (width, sum, values) = (width, sum.pointer, row.pointer)
    for column in 0..<width {
      let target = sum + column * width
      let value = values[column]
      for entry in column..<width { target[entry] += value * values[entry] }
    }
    rowsSinceFactor += 1
  }

  /// Cholesky factorisation, column by column.
  private func refactor() {
    rowsSinceFactor = 0
    factorWeight = max(weight, 1e-12)
    let (width, factor, sum) = (width, factor.pointer, sum.pointer)
    var finite = true
    factor.update(from: sum, count: width * width)
    for column in 0..<width {
      let own = factor + column * width
      // Rounding can eat up the last trace of an entry that follows from the others.
      let pivot = max(own[column], 1e-13 * sum[column * width + column], 1e-30).squareRoot()
      if !pivot.isFinite { finite = false }
      let inverse = 1 / pivot
      inversePivots[column] = inverse
      own[column] = pivot
      for entry in (column + 1)..<max(width, column + 1) { own[entry] *= inverse }
      for later in (column + 1)..<max(width, column + 1) {
        let target = factor + later * width
        let scale = own[later]
        for entry in later..<width { target[entry] -= scale * own[entry] }
      }
    }
    if !finite { isFinite = false }
  }

  private func addUnknown(_ entry: Int) {
    missing[missingCount] = entry
    let (width, partial, normal) = (width, partial.pointer, normal.pointer)
    for index in 0..<width { partial[(1 + missingCount) * width + index] = 0 }
    for k in 0...missingCount { normal[missingCount * width + k] = 0 }
    right[missingCount] = 0
    missingCount += 1
  }

  /// Carries the entry's share of u on to the entries after it.
  @inline(__always)
  private func accumulate(_ entry: Int) {
    let width = width
    let own = factor.pointer + entry * width
    for k in 0...missingCount {
      let scale = unit.pointer[k]
      let target = partial.pointer + k * width
      for later in (entry + 1)..<max(width, entry + 1) { target[later] += scale * own[later] }
    }
  }

  /// The entry's u is one more equation for the missing entries.
  private func addEquation() {
    let (width, normal, right, unit) = (width, normal.pointer, right.pointer, unit.pointer)
    for k in 0..<missingCount {
      let scale = unit[1 + k]
      let target = normal + k * width
      for l in 0...k { target[l] += scale * unit[1 + l] }
      right[k] -= scale * unit[0]
    }
  }

  private func solveForMissing() {
    let (width, normal, factor) = (width, normal.pointer, normalFactor.pointer)
    for k in 0..<missingCount {
      let own = factor + k * width
      for l in 0...k {
        let other = factor + l * width
        var value = normal[k * width + l]
        for i in 0..<l { value -= own[i] * other[i] }
        own[l] = l < k ? value / other[l] : max(value, 1e-30).squareRoot()
      }
    }
    for k in 0..<missingCount { work[k] = right[k] }
    divideByFactor()
    divideByTransposedFactor()
    for k in 0..<missingCount { solution[k] = work[k] }
  }

  /// Divides the part of `work` from `start` on by the Cholesky factor of the normal equations; what is before is 0.
  private func divideByFactor(from start: Int = 0) {
    let (width, factor, work) = (width, normalFactor.pointer, work.pointer)
    for k in start..<max(missingCount, start) {
      let own = factor + k * width
      var value = work[k]
      for l in start..<k { value -= own[l] * work[l] }
      work[k] = value / own[k]
    }
  }

  /// Divides `work` by the transpose of that factor, as far down as `start`.
  private func divideByTransposedFactor(from start: Int = 0) {
    let (width, factor, work) = (width, normalFactor.pointer, work.pointer)
    for k in stride(from: missingCount - 1, through: start, by: -1) {
      let own = factor + k * width
      let value = work[k] / own[k]
      work[k] = value
      for l in start..<k { work[l] -= own[l] * value }
    }
  }

  private func conditionalMean(_ entry: Int) -> Double {
    var mean = partial[entry]
    for k in 0..<missingCount { mean += solution[k] * partial[(1 + k) * width + entry] }
    return mean
  }

  private func conditionalVariance(_ entry: Int) -> Double {
    guard missingCount > 0 else { return 0 }
    for k in 0..<missingCount { work[k] = partial[(1 + k) * width + entry] }
    divideByFactor()
    var variance = 0.0
    for k in 0..<missingCount { variance += work[k] * work[k] }
    return variance
  }
}
