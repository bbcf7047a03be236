import Foundation
import Testing

import Platform
import Service

/// sd_notify(3).
@Suite struct ServiceManagerTests {
  /// A socket that receives notifications, and its path.
  private func listener() throws -> (descriptor: Int32, path: String) {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("n-\(UUID().uuidString.prefix(8))").path
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    let address = try #require(UnixSocketAddress(path: path))
    #expect(address.withPointer { bind(descriptor, $0, $1) } == 0)
    return (descriptor, path)
  }

  @Test func assignmentsAreOneDatagram() throws {
    let (descriptor, path) = try listener()
    defer {
      close(descriptor)
      unlink(path)
    }
    ServiceManager(environment: ["NOTIFY_SOCKET": path]).notify("READY=1", "STATUS=a\nb")
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == "READY=1\nSTATUS=ab")
  }

  @Test func abstractSocketsWork() throws {
    let name = "@tacc-test-\(UUID())"
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(descriptor) }
    let address = try #require(UnixSocketAddress(path: name))
    #expect(address.withPointer { bind(descriptor, $0, $1) } == 0)
    ServiceManager(environment: ["NOTIFY_SOCKET": name]).notify("WATCHDOG=1")
    var buffer = [UInt8](repeating: 0, count: 64)
    #expect(recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)) == 10)
  }

  @Test func theWatchdogIsToldTwiceAsOftenAsItAsks() {
    func interval(_ environment: [String: String]) -> Duration? {
      ServiceManager(environment: environment, processID: 7).watchdogInterval
    }
    #expect(interval(["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000"]) == .seconds(15))
    #expect(interval(["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"]) == .seconds(15))
    #expect(interval(["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"]) == nil)
    #expect(interval(["WATCHDOG_USEC": "30000000"]) == nil)
    #expect(interval(["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "often"]) == nil)
    #expect(interval(["NOTIFY_SOCKET": "relative", "WATCHDOG_USEC": "30000000"]) == nil)
  }

  @Test func nobodyToTellIsNoTrouble() {
    ServiceManager(environment: [:]).notify("READY=1")
    ServiceManager(environment: ["NOTIFY_SOCKET": "/nowhere/at/all"]).notify("READY=1")
    #expect(UnixSocketAddress(path: "/" + String(repeating: "x", count: 107)) == nil)
    #expect(UnixSocketAddress(path: "") == nil)
  }
}
