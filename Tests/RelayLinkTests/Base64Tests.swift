import Foundation
import Testing

@testable import RelayLink

@Suite("Base64 of packets")
struct Base64Tests {
  private static func encoded(_ bytes: [UInt8]) -> [UInt8] {
    // Something lies behind the text, which stays as it is.
    var text = [UInt8](repeating: 0xEE, count: Base64.encodedCount(bytes.count) + 8)
    text.withUnsafeMutableBytes { text in
      bytes.withUnsafeBytes { Base64.encode($0, to: UnsafeMutableRawBufferPointer(rebasing: text.dropLast(8))) }
    }
    #expect(text.suffix(8).allSatisfy { $0 == 0xEE })
    return Array(text.dropLast(8))
  }

  private static func decoded(_ text: [UInt8], limit: Int = 16_384) -> [UInt8]? {
    text.withUnsafeBytes { Base64.decode($0, limit: limit) }
  }

  @Test("the vectors of RFC 4648, section 10")
  func vectors() {
    let texts = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]
    for (count, text) in texts.enumerated() {
      let bytes = Array("foobar".utf8.prefix(count))
      #expect(Self.encoded(bytes) == Array(text.utf8))
      #expect(Self.decoded(Array(text.utf8)) == bytes)
    }
  }

  @Test("every length, as Foundation has it")
  func lengths() {
    var generator = SystemRandomNumberGenerator()
    for count in Array(0...300) + Array(16_370...16_384) {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let text = Array(Data(bytes).base64EncodedData())
      #expect(Self.encoded(bytes) == text, "\(count) bytes")
      #expect(Self.decoded(text) == bytes, "\(count) bytes")
      #expect(Self.decoded(text, limit: count) == bytes)
      if count > 0 { #expect(Self.decoded(text, limit: count - 1) == nil) }
    }
  }

  @Test("every twelve bits, at every place")
  func everyGroup() {
    for bits in 0..<4096 {
      let (high, low) = (UInt8(bits >> 4), UInt8(bits << 4 & 0xF0))
      for bytes in [[high, low, 0xA5], [0x5A, 0xF0 | high >> 4, high << 4 | low >> 4], [high, low]] {
        let text = Self.encoded(bytes)
        #expect(text == Array(Data(bytes).base64EncodedData()))
        #expect(Self.decoded(text) == bytes)
      }
    }
  }

  @Test("what is no base64 is refused, wherever it stands", arguments: [4, 8, 12, 16, 64])
  func malformed(count: Int) {
    let digits = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let good = [UInt8](repeating: UInt8(ascii: "Q"), count: count)
    for place in 0..<count {
      for byte in UInt8.min...UInt8.max {
        var text = good
        text[place] = byte
        let got = Self.decoded(text)
        let isPadding = byte == UInt8(ascii: "=") && place == count - 1
        #expect((got != nil) == (digits.contains(byte) || isPadding), "\(byte) at \(place) of \(count)")
        // Nothing is taken that Foundation refuses, and it means the same.
        if let got { #expect(Data(base64Encoded: Data(text)).map(Array.init) == got) }
      }
    }
    for missing in 1...3 { #expect(Self.decoded(Array(good.dropLast(missing))) == nil) }
  }

  @Test(
    "padding is where it belongs, and bits that encode nothing are zero",
    arguments: [
      "Q===", "====", "=QQQ", "QQ=Q", "Q=QQ", "QQ==QQ==", "QQ===", "QUJD====", "QQ=", "QQ", "=", "QR==", "QUJ=",
      "QQ==\n", "QUJDQR==", "QUJDQUJ=", "-_-_",
    ])
  func padding(text: String) {
    #expect(Self.decoded(Array(text.utf8)) == nil)
    #expect(decodeBase64(text, count: 0...100) == nil)
  }

  @Test("what ends a text without padding ends it with any digit")
  func lastDigits() {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    for (value, digit) in alphabet.enumerated() {
      let q = UInt8(ascii: "Q"), equals = UInt8(ascii: "=")
      #expect((Self.decoded([q, digit, equals, equals]) != nil) == (value & 15 == 0))
      #expect((Self.decoded([q, q, digit, equals]) != nil) == (value & 3 == 0))
      #expect(Self.decoded([q, q, q, digit]) != nil)
    }
  }
}
