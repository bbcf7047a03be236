import CFuzzer

/// Hands `test` to libFuzzer with the options of the command line; returns when it is done.
public func fuzz(_ test: @escaping @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32) -> Int32 {
  var count = CommandLine.argc
  var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
  return LLVMFuzzerRunDriver(&count, &arguments, test)
}

/// Stops at something that must not be, which libFuzzer then reports with the input.
public func broken(_ what: String) -> Never {
  fatalError(what)
}

/// What the fuzzer decides, byte by byte from the front of its input.
public struct Choices {
  private var bytes: UnsafeBufferPointer<UInt8>

  /// Reads `count` bytes at `data`, which must stay there.
  public init(_ data: UnsafePointer<UInt8>?, _ count: Int) {
    bytes = UnsafeBufferPointer(start: data, count: count)
  }

  /// Whether every byte was taken.
  public var isEmpty: Bool { bytes.isEmpty }

  /// The next byte; 0 when there is none left.
  public mutating func byte() -> UInt8 {
    guard let first = bytes.first else { return 0 }
    bytes = UnsafeBufferPointer(rebasing: bytes.dropFirst())
    return first
  }

  /// The next `count` bytes, fewer where fewer are left.
  public mutating func take(_ count: Int) -> [UInt8] {
    let taken = Array(bytes.prefix(count))
    bytes = UnsafeBufferPointer(rebasing: bytes.dropFirst(taken.count))
    return taken
  }
}
