internal import CSodium

/// Zeroes the array's bytes in a way that the optimiser does not remove. The length stays.
///
/// An array that shares its storage with a copy is separated from it first, and the copy is left as it was, so wipe
/// every copy, or better make none.
public func wipe(_ bytes: inout [UInt8]) {
  bytes.withUnsafeMutableBytes { buffer in
    guard let start = buffer.baseAddress else { return }
    sodium_memzero(start, buffer.count)
  }
}
