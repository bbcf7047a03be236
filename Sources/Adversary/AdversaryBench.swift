import Motion

/// Attacks pairings with everything public and, for the predictors, all of Alice's earlier values as well.
///
/// What an attack knows of motion in general it learnt from other pairs; on the attacked one it goes on learning from what it
/// is granted. The same pairs, settings and seed give the same scores.
package struct AdversaryBench: Sendable {
  /// What the attacks are made of.
  package struct Settings: Sendable, Hashable {
    /// Earlier steps that a linear predictor looks at; beside a side series half as many again, since what a filter keeps of
    /// a value is told apart by the values before.
    package var lags = 12
    /// The cameras.
    package var cameras = [3.0, 5, 8].map { CameraModel(cutoff: $0) }
    /// What other recordings count for once the attacked one is under way, steps; the attacks mix one predictor for each.
    package var holds: [Double] = [30, 100, 300, 1000]
    /// Seed of the perceptron and of the cameras' noise.
    package var seed: UInt64 = 1

    /// The defaults above.
    package init() {}
  }

  /// A pairing with the recordings that may be held against it.
  package struct Subject: Sendable {
    /// The pairing.
    package let pair: AttackedPair
    /// Imitations of its motion; where there are several, the attack takes the one that fits best.
    package let imitations: [Donor]
    /// Other motions of the same person.
    package let others: [Donor]

    /// A pairing with its donors.
    package init(pair: AttackedPair, imitations: [Donor], others: [Donor]) {
      self.pair = pair
      self.imitations = imitations
      self.others = others
    }
  }

  /// A subject that the linear predictor went over: what an attack on others learns from.
  package struct Prepared: Sendable {
    /// The subject.
    package let subject: Subject
    let table: MotionTable
    let imitation: Donor?
    let other: Donor?
    let forecast: MotionForecaster.Forecast
    let guesses: SymbolGuesses

    var pair: AttackedPair { subject.pair }
    var example: PerceptronAttack.Example {
      PerceptronAttack.Example(pair: pair, forecast: forecast, guesses: guesses)
    }
  }

  /// The settings.
  package let settings: Settings

  /// A bench.
  package init(_ settings: Settings = Settings()) { self.settings = settings }

  /// Lets the linear predictor go over a subject.
  ///
  /// - Parameter training: other pairs, to learn from.
  /// - Returns: `nil` where its values do not follow from its motion as the bench knows it, so that attacks would seem weaker
  ///   than they are.
  package func prepare(_ subject: Subject, training: [AttackedPair]) -> Prepared? {
    let pair = subject.pair
    guard let table = MotionTable(pair) else { return nil }
    guard 20 * pair.map.failures(pair, table) <= pair.symbols.count(where: { $0 >= 0 }) else { return nil }
    let forecasts = forecasts(pair, table, training: training, holds: settings.holds, sideWidth: 0) { _, _, _ in nil }
    guard let forecast = forecasts.first else { return nil }
    return Prepared(
      subject: subject, table: table,
      imitation: Self.nearest(subject.imitations, to: table, pair),
      other: Self.nearest(subject.others, to: table, pair),
      forecast: forecast, guesses: guesses(pair, forecasts, table))
  }

  /// Attacks a subject in every way.
  ///
  /// - Parameter training: other pairs, to learn from.
  /// - Returns: one score for each attack that has what it needs.
  package func attack(_ prepared: Prepared, training: [Prepared]) -> [AttackScore] {
    let pair = prepared.pair
    let pairs = training.map(\.pair)
    var scores: [AttackScore?] = []
    func score(_ name: String, _ guesses: SymbolGuesses) {
      scores.append(AttackScore(name, guesses, of: pair))
    }
    func score(_ name: String, _ forecasts: [MotionForecaster.Forecast]) {
      score(name, guesses(pair, forecasts, prepared.table))
    }
    score("uniform", SymbolGuesses(pair) { _, _ in })
    score("majority", Self.majority(pair))
    var tables = TableAttack()
    for other in pairs { tables.train(other) }
    score("table", tables.run(pair))
    score("linear", forecasts(pair, prepared.table, training: pairs, holds: [nil], sideWidth: 0) { _, _, _ in nil })
    score("linear, adaptive", prepared.guesses)
    if !training.isEmpty {
      var perceptron = PerceptronAttack(seed: settings.seed)
      perceptron.train(training.map(\.example))
      score("perceptron", perceptron.run(prepared.example))
    }
    for camera in settings.cameras {
      let width = 9 * pair.observed.count
      score(
        "camera \(Self.text(camera.cutoff)) Hz",
        forecasts(pair, prepared.table, training: pairs, holds: settings.holds, sideWidth: width) {
          number, table, spacing in
          var random = SimulatorRandom(seed: settings.seed &+ UInt64(number ?? 999_999), stream: 102)
          return camera.series(of: table, spacing: spacing, random: &random)
        })
    }
    for (name, donor) in [("imitation", \Prepared.imitation), ("other recording", \Prepared.other)] {
      guard let own = prepared[keyPath: donor] else { continue }
      let donors = training.map { $0[keyPath: donor] }
      score(
        name,
        forecasts(
          pair, prepared.table, training: pairs, holds: settings.holds, sideWidth: 9 * pair.observed.count
        ) { number, table, spacing in
          (number.map { donors[$0] } ?? own)?.fit(to: table, spacing: spacing)?.side
        })
    }
    return scores.compactMap { $0 }
  }

  /// Whether two pairs are recordings of one motion, as by further sensors on one body: then neither may teach about the
  /// other.
  package static func isSameMotion(_ one: AttackedPair, _ other: AttackedPair) -> Bool {
    guard let table = MotionTable(one), let donor = other.donor,
      let fit = donor.fit(to: table, spacing: one.spacing)
    else { return false }
    return fit.rotationQuality >= Donor.Fit.sameBody
  }

  // MARK: - Parts

  /// The linear predictor, trained on the others, over a pair: once for every hold.
  ///
  /// - Parameter side: the side series of a training pair by its number, or of the attacked one (`nil`); a training pair
  ///   without one is left out where the attacked one has it.
  private func forecasts(
    _ pair: AttackedPair, _ table: MotionTable, training: [AttackedPair], holds: [Double?], sideWidth: Int,
    side: (_ number: Int?, _ table: MotionTable, _ spacing: Double) -> SideSeries?
  ) -> [MotionForecaster.Forecast] {
    let forecaster = MotionForecaster(
      observed: pair.observed, targets: pair.channels, sideWidth: sideWidth,
      settings: MotionForecaster.Settings(lags: sideWidth > 0 ? settings.lags * 3 / 2 : settings.lags))
    forecaster.train(
      training.enumerated().compactMap { number, other in
        guard Set(other.observed).isSuperset(of: pair.observed),
          let table = MotionTable(
            other, channels: pair.observed, spacing: pair.spacing, filters: pair.filters)
        else { return nil }
        let own = side(number, table, pair.spacing)
        return sideWidth > 0 && own == nil ? nil : MotionForecaster.Source(table: table, side: own)
      })
    let source = MotionForecaster.Source(table: table, side: side(nil, table, pair.spacing))
    return holds.map { forecaster.forecast(source, steps: pair.steps, hold: $0) }
  }

  /// The mixture of what several forecasts make of the kept symbols.
  private func guesses(
    _ pair: AttackedPair, _ forecasts: [MotionForecaster.Forecast], _ table: MotionTable
  ) -> SymbolGuesses {
    let scales = scales(pair, table)
    return SymbolGuesses(mixing: forecasts.map { SymbolGuesses(pair, $0, scales: scales) })
  }

  /// Scales of the plan's channels.
  private func scales(_ pair: AttackedPair, _ table: MotionTable) -> [Double] {
    pair.channels.map { channel in table.channels.firstIndex(of: channel).map { table.scales[$0] } ?? 1 }
  }

  /// The donor that comes nearest without being a sensor on the same body.
  private static func nearest(_ donors: [Donor], to table: MotionTable, _ pair: AttackedPair) -> Donor? {
    donors.compactMap { donor -> (Donor, Double)? in
      guard let fit = donor.fit(to: table, spacing: pair.spacing), fit.rotationQuality < Donor.Fit.sameBody else {
        return nil
      }
      return (donor, fit.quality)
    }.max { $0.1 < $1.1 }?.0
  }

  /// How often each symbol came up in its channel, in hindsight.
  private static func majority(_ pair: AttackedPair) -> SymbolGuesses {
    var counts = pair.levels.map { [Double](repeating: 0, count: 1 << $0) }
    for (cell, symbol) in pair.symbols.enumerated() where symbol >= 0 {
      counts[cell % pair.levels.count][Int(symbol)] += 1
    }
    return SymbolGuesses(pair) { cell, probabilities in
      let own = counts[cell % pair.levels.count]
      let sum = own.reduce(0, +)
      for symbol in own.indices { probabilities[symbol] = own[symbol] / sum }
    }
  }

  private static func text(_ number: Double) -> String {
    number == number.rounded() ? "\(Int(exactly: number) ?? 0)" : "\(number)"
  }
}
