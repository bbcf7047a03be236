import Glibc

/// The standard normal distribution function.
func normalDistribution(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

/// The standard normal density.
func normalDensity(_ x: Double) -> Double { 0.398_942_280_401_432_7 * exp(-0.5 * x * x) }

func exp2(_ x: Double) -> Double { Glibc.exp2(x) }

func exp(_ x: Double) -> Double { Glibc.exp(x) }

func log2(_ x: Double) -> Double { Glibc.log2(x) }
