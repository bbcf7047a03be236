#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// log2 x by the C library.
@inline(__always)
func logarithm(_ x: Double) -> Double { log2(x) }

/// e^x by the C library.
@inline(__always)
func exponential(_ x: Double) -> Double { exp(x) }

/// tanh x by the C library.
@inline(__always)
func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }

/// x^y by the C library.
@inline(__always)
func raised(_ x: Double, _ y: Double) -> Double { pow(x, y) }

/// sin x by the C library.
@inline(__always)
func sine(_ x: Double) -> Double { sin(x) }

/// cos x by the C library.
@inline(__always)
func cosine(_ x: Double) -> Double { cos(x) }
