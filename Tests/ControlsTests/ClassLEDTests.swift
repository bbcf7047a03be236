import Foundation
import Testing

@testable import Controls

@Suite("An LED of the kernel's LED class") struct ClassLEDTests {
  /// Runs a test on a directory of LEDs: attribute by path below it.
  private func withLEDs(_ files: [String: String], _ body: (String) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("tacc-leds-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    for (path, text) in files {
      let file = directory.appendingPathComponent(path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    try body(directory.path)
  }

  private func read(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  private static let act = [
    "ACT/brightness": "0\n", "ACT/max_brightness": "255\n", "ACT/trigger": "none timer [mmc0] default-on\n",
  ]

  @Test("The LED's trigger is put aside, the LED lit as bright as it can be, and at the end the trigger is back")
  func lit() throws {
    try withLEDs(Self.act) { directory in
      let led = try ClassLEDOutput(name: "ACT", directory: directory)
      #expect(try read("\(directory)/ACT/trigger") == "none")
      #expect(try read("\(directory)/ACT/brightness") == "0")
      try led.set(true)
      #expect(try read("\(directory)/ACT/brightness") == "255")
      try led.restore()
      #expect(try read("\(directory)/ACT/brightness") == "0")
      #expect(try read("\(directory)/ACT/trigger") == "mmc0")
    }
  }

  @Test("An LED that is not there is answered with those that are")
  func unknown() throws {
    try withLEDs(Self.act) { directory in
      #expect(throws: ControlsError.ledNotFound("ATC", available: ["ACT"], near: ["ACT"])) {
        try ClassLEDOutput(name: "ATC", directory: directory)
      }
      #expect(throws: ControlsError.ledNotFound("ACT", available: [], near: [])) {
        try ClassLEDOutput(name: "ACT", directory: "\(directory)/none")
      }
    }
  }

  @Test("A name that leads elsewhere is none", arguments: ["", ".", "..", "../net", "ACT/../ACT"])
  func elsewhere(name: String) throws {
    try withLEDs(Self.act) { directory in
      #expect(throws: ControlsError.self) { try ClassLEDOutput(name: name, directory: directory) }
    }
  }

  @Test("A file that is missing or holds something else is named")
  func unexpected() throws {
    var files = Self.act
    files["ACT/max_brightness"] = "bright\n"
    try withLEDs(files) { directory in
      #expect(
        throws: ControlsError.ledUnexpected(
          path: "\(directory)/ACT/max_brightness", expected: "a number above 0")
      ) { try ClassLEDOutput(name: "ACT", directory: directory) }
    }
    files["ACT/max_brightness"] = "1\n"
    files["ACT/trigger"] = "none timer\n"
    try withLEDs(files) { directory in
      #expect(
        throws: ControlsError.ledUnexpected(
          path: "\(directory)/ACT/trigger", expected: "a list with one trigger in brackets")
      ) { try ClassLEDOutput(name: "ACT", directory: directory) }
    }
    files["ACT/trigger"] = "[none]\n"
    files["ACT/brightness"] = nil
    try withLEDs(files) { directory in
      #expect(
        throws: ControlsError.led(operation: "writing 0", path: "\(directory)/ACT/brightness", .noEntry)
      ) { try ClassLEDOutput(name: "ACT", directory: directory) }
    }
  }

  @Test("A right that is missing has the remedy for LEDs, not that for GPIO")
  func forbidden() {
    let error = ControlsError.accessDenied(
      path: "/sys/class/leds/ACT/trigger", operation: "writing none", .accessDenied)
    #expect(error.description.contains("EACCES"))
    #expect(error.description.contains("brightness and trigger"))
    #expect(!error.description.contains("group gpio"))
  }
}
