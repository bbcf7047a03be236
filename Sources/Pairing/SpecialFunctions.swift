import Glibc

/// The standard normal distribution function.
func normalDistribution(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

func exp2(_ x: Double) -> Double { Glibc.exp2(x) }

func exp(_ x: Double) -> Double { Glibc.exp(x) }

func log2(_ x: Double) -> Double { Glibc.log2(x) }
