/// Lower-case hexadecimal text of what is public; of secrets see ``SecretBytes/withExposedText(_:_:)``.
public enum Hexadecimal {
  /// Two digits for every byte.
  public static func text(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
