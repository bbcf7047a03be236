#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Calls of the C library whose names methods here bear too.
enum SystemCalls {
  /// open(2).
  static func open(_ path: String, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
    #if canImport(Glibc)
      Glibc.open(path, flags, mode)
    #elseif canImport(Musl)
      Musl.open(path, flags, mode)
    #endif
  }

  /// The error number with which read(2) of nothing is refused; 0 if it is not.
  static func refusesToRead(_ descriptor: Int32) -> Int32 {
    var byte: UInt8 = 0
    #if canImport(Glibc)
      return Glibc.read(descriptor, &byte, 0) < 0 ? errno : 0
    #elseif canImport(Musl)
      return Musl.read(descriptor, &byte, 0) < 0 ? errno : 0
    #endif
  }

  /// read(2) of so many bytes at most; nil if it fails.
  static func read(_ descriptor: Int32, atMost limit: Int) -> ArraySlice<UInt8>? {
    var bytes = [UInt8](repeating: 0, count: limit)
    #if canImport(Glibc)
      let count = Glibc.read(descriptor, &bytes, limit)
    #elseif canImport(Musl)
      let count = Musl.read(descriptor, &bytes, limit)
    #endif
    return count < 0 ? nil : bytes[..<count]
  }

  /// write(2).
  static func write(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Int {
    bytes.withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress else { return 0 }
      #if canImport(Glibc)
        return Glibc.write(descriptor, base, buffer.count)
      #elseif canImport(Musl)
        return Musl.write(descriptor, base, buffer.count)
      #endif
    }
  }

  /// close(2).
  static func close(_ descriptor: Int32) {
    #if canImport(Glibc)
      _ = Glibc.close(descriptor)
    #elseif canImport(Musl)
      _ = Musl.close(descriptor)
    #endif
  }
}
