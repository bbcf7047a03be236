/// Bytes that libsodium can read in place: public ones in an array, secret ones in guarded memory.
///
/// It lets one HMAC serve both kinds without copying a secret into an ordinary array.
protocol ByteSource {
  var count: Int { get }
  /// The pointer is never null, even for no bytes, and valid only during `body`.
  func withUnsafePointer<Result, Failure: Error>(
    _ body: (UnsafePointer<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

extension [UInt8]: ByteSource {
  func withUnsafePointer<Result, Failure: Error>(
    _ body: (UnsafePointer<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(self)
  }
}
