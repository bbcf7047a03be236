import Motion

/// The nonlinear attack: a perceptron with one hidden layer that corrects the linear attack's probabilities.
///
/// Its output is added to the logarithms of those, so that it begins as good as the linear attack and can only learn what
/// that one misses: sizes of earlier values, both masks three steps to either side, products of any of them. One network
/// serves all channels of as many levels. Trained on other pairs by stochastic gradient steps (Adam; Kingma and Ba,
/// 2015) in an order that follows from the seed.
struct PerceptronAttack {
  private static let hidden = 24
  private static let epochs = 6
  private static let rate = 2e-3

  private let seed: UInt64
  private var networks: [Int: Network] = [:]

  /// An untrained one.
  init(seed: UInt64) { self.seed = seed }

  /// A pair with what the linear attack made of it.
  struct Example {
    let pair: AttackedPair
    let forecast: MotionForecaster.Forecast
    let guesses: SymbolGuesses
  }

  /// Learns from other pairs.
  mutating func train(_ examples: [Example]) {
    var random = SimulatorRandom(seed: seed, stream: 101)
    for level in Set(examples.flatMap(\.pair.levels)).sorted() {
      var network = Network(inputs: Self.inputs(level), hidden: Self.hidden, outputs: 1 << level, &random)
      var cases = examples.enumerated().flatMap { number, example in
        example.guesses.cells.indices.filter { place in
          let cell = example.guesses.cells[place].cell
          return example.pair.levels[cell % example.pair.levels.count] == level
        }.map { (number, $0) }
      }
      for epoch in 0..<Self.epochs {
        cases.shuffle(using: &random)
        let rate = Self.rate / (1 + Double(epoch))
        for (number, place) in cases {
          let cell = examples[number].guesses.cells[place]
          Self.fill(&network.input, examples[number], cell, level)
          network.learn(cell.truth, prior: cell.probabilities, rate: rate)
        }
      }
      networks[level] = network
    }
  }

  /// The corrected probabilities.
  func run(_ example: Example) -> SymbolGuesses {
    var networks = networks
    var place = 0
    return SymbolGuesses(example.pair) { cell, probabilities in
      let guess = example.guesses.cells[place]
      place += 1
      probabilities = guess.probabilities
      let level = example.pair.levels[cell % example.pair.levels.count]
      guard var network = networks.removeValue(forKey: level) else { return }
      Self.fill(&network.input, example, guess, level)
      network.forward(prior: guess.probabilities)
      probabilities = network.output
      networks[level] = network
    }
  }

  // MARK: - What it looks at

  private static func inputs(_ level: Int) -> Int { (1 << level) + 3 + 8 + 12 + 12 + 2 }

  private static func fill(_ input: inout [Double], _ example: Example, _ guess: SymbolGuesses.Cell, _ level: Int) {
    let pair = example.pair
    let count = pair.channels.count
    let (cell, channel) = (guess.cell, guess.cell % count)
    var place = 0
    func add(_ value: Double) {
      input[place] = value.isFinite ? min(max(value, -4), 4) : 0
      place += 1
    }
    for probability in guess.probabilities { add(0.5 * logarithm(probability) + Double(level) / 2) }
    add(example.forecast.means[cell])
    add(logarithm(example.forecast.spreads[cell]) / 4)
    add(logarithm(example.forecast.swells[cell]) / 2)
    let scale = pair.valueScales[channel]
    for lag in 1...4 {
      let earlier = cell - lag * count
      let value = earlier >= 0 ? pair.values[earlier] / scale : .nan
      add(value)
      add(abs(value) - 0.8)
    }
    // The latest value of every axis of either sensor that is known before this one.
    for kind in SensorKind.allCases {
      for axis in 0..<3 {
        let other = pair.channels.firstIndex(of: MotionChannel(kind: kind, axis: axis))
        let latest = other.map { $0 < channel ? cell - channel + $0 : cell - channel + $0 - count } ?? -1
        let value = other.map { latest >= 0 ? pair.values[latest] / pair.valueScales[$0] : .nan } ?? .nan
        add(value)
        add(abs(value) - 0.8)
      }
    }
    for distance in [-3, -2, -1, 1, 2, 3] {
      let other = cell + distance * count
      let isInside = pair.symbols.indices.contains(other)
      add(isInside && pair.ownKept[other] ? 0.5 : -0.5)
      add(isInside && pair.peerKept[other] ? 0.5 : -0.5)
    }
    let position = pair.positions.isEmpty ? 0 : pair.positions[cell]
    add(pair.positions.isEmpty ? 0 : 2 * position - 1)
    add(pair.channels[channel].kind == .gyroscope ? 0.5 : -0.5)
  }

  // MARK: - The network

  /// One hidden layer of tanh units, and an output that is added to the logarithm of a prior.
  private struct Network {
    let hidden: Int
    var input: [Double]
    private(set) var output: [Double]
    private var units: [Double]
    /// hidden × (inputs + 1), then outputs × (hidden + 1); the last weight of a unit is its bias.
    private var weights: [Double]
    private var means: [Double]
    private var squares: [Double]
    private var steps = 0.0
    private var slopes: [Double]

    init(inputs: Int, hidden: Int, outputs: Int, _ random: inout SimulatorRandom) {
      self.hidden = hidden
      input = [Double](repeating: 0, count: inputs)
      output = [Double](repeating: 0, count: outputs)
      units = [Double](repeating: 0, count: hidden)
      let first = hidden * (inputs + 1)
      let total = first + outputs * (hidden + 1)
      weights = (0..<total).map { _ in random.normal() }
      let size = 1 / Double(inputs).squareRoot()
      // The output begins at nothing: the prior as it is.
      for place in 0..<total { weights[place] *= place < first ? size : 0 }
      means = [Double](repeating: 0, count: total)
      squares = means
      slopes = means
    }

    mutating func forward(prior: [Double]) {
      let width = input.count
      var base = 0
      for unit in 0..<hidden {
        var sum = weights[base + width]
        for place in 0..<width { sum += weights[base + place] * input[place] }
        units[unit] = hyperbolicTangent(sum)
        base += width + 1
      }
      var total = 0.0
      for symbol in output.indices {
        var sum = weights[base + hidden]
        for unit in 0..<hidden { sum += weights[base + unit] * units[unit] }
        output[symbol] = prior[symbol] * exponential(min(max(sum, -8), 8))
        total += output[symbol]
        base += hidden + 1
      }
      for symbol in output.indices { output[symbol] /= total }
    }

    mutating func learn(_ truth: Int, prior: [Double], rate: Double) {
      forward(prior: prior)
      let width = input.count
      let first = hidden * (width + 1)
      var back = [Double](repeating: 0, count: hidden)
      for symbol in output.indices {
        let error = output[symbol] - (symbol == truth ? 1 : 0)
        let base = first + symbol * (hidden + 1)
        for unit in 0..<hidden {
          slopes[base + unit] = error * units[unit]
          back[unit] += error * weights[base + unit]
        }
        slopes[base + hidden] = error
      }
      for unit in 0..<hidden {
        let error = back[unit] * (1 - units[unit] * units[unit])
        let base = unit * (width + 1)
        for place in 0..<width { slopes[base + place] = error * input[place] }
        slopes[base + width] = error
      }
      steps += 1
      let (decay, slowDecay) = (0.9, 0.999)
      let correction = rate * (1 - raised(slowDecay, steps)).squareRoot() / (1 - raised(decay, steps))
      weights.withUnsafeMutableBufferPointer { weights in
        means.withUnsafeMutableBufferPointer { means in
          squares.withUnsafeMutableBufferPointer { squares in
            for place in slopes.indices {
              let slope = slopes[place] + 1e-4 * weights[place]
              means[place] += (1 - decay) * (slope - means[place])
              squares[place] += (1 - slowDecay) * (slope * slope - squares[place])
              weights[place] -= correction * means[place] / (squares[place].squareRoot() + 1e-8)
            }
          }
        }
      }
    }
  }
}
