import CEvdev
import Foundation
import Testing

@testable import Evdev

@Suite("Names of keys") struct InputCodesTests {
  @Test("Names and numbers are the kernel's")
  func names() {
    #expect(KeyCode("KEY_WPS_BUTTON")?.code == UInt16(KEY_WPS_BUTTON))
    #expect(KeyCode("btn_0")?.code == UInt16(BTN_0))
    #expect(KeyCode("BTN_A")?.code == UInt16(BTN_SOUTH))
    #expect(KeyCode("KEY_RESTART")?.code == UInt16(KEY_RESTART))
    #expect(KeyCode("529") == KeyCode("0x211"))
    #expect(KeyCode("0x211")?.description == "KEY_WPS_BUTTON")
    #expect(KeyCode(code: 0x2F0).description == "key 0x2f0")
  }

  @Test("What is no key is none", arguments: ["", " ", "KEY_", "WPS", "768", "0x300", "-1", "70000", "0x", "KEY_MAX"])
  func noKey(text: String) { #expect(KeyCode(text) == nil) }

  @Test("A misspelt name is answered with its neighbours")
  func neighbours() {
    #expect(KeyCode.names(like: "KEY_WPS_BUTON").first == "KEY_WPS_BUTTON")
    #expect(KeyCode.names(like: "WPS").contains("KEY_WPS_BUTTON"))
    #expect(KeyCode.names(like: "zzzzzzzzzzzz").isEmpty)
    #expect(KeyCode.names(like: "").isEmpty)
    #expect(nearest(["GPIO17", "GPIO18", "SDA"], to: "gpio17") == ["GPIO17", "GPIO18"])
    #expect(nearest(["A"], to: String(repeating: "x", count: 100_000)).isEmpty)
  }

  private static let header = "/usr/include/linux/input-event-codes.h"

  @Test(
    "Every name of the table that this machine's header has too has the same code there",
    .enabled(if: FileManager.default.fileExists(atPath: header)))
  func kernelHeader() throws {
    let text = try String(contentsOfFile: Self.header, encoding: .utf8)
    var defined: [String: UInt16] = [:]
    for line in text.split(separator: "\n") where line.hasPrefix("#define") {
      let words = line.split { $0 == " " || $0 == "\t" }
      guard words.count >= 3 else { continue }
      let value = words[2].hasPrefix("0x") ? UInt16(words[2].dropFirst(2), radix: 16) : UInt16(words[2])
      defined[String(words[1])] = value ?? defined[String(words[2])]
    }
    let common = KeyNames.codes.filter { defined[$0.key] != nil }
    #expect(common.count > 400)
    for (name, code) in common { #expect(defined[name] == code, "\(name)") }
  }
}
