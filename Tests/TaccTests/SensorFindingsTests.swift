import Foundation
import Testing

@testable import Sensors
@testable import tacc

@Suite("What tacc sensors says")
struct SensorFindingsTests {
  private let noContext = SensorError(
    kind: .unreachable, operation: "open the context", subject: "local:", code: 2, problem: "there is no IIO device",
    remedy: "load a driver")
  private let controller = MotionSourceDescription(
    name: "Controller", hasAccelerometer: true, hasGyroscope: false, isLive: true)

  private func input(_ choice: Result<MotionSourceDescription, SensorError>) -> InputSurvey {
    InputSurvey(
      devices: [
        .init(
          path: "/dev/input/event4", name: "Controller",
          axes: [.init(name: "ABS_X", unit: "g", resolution: 8192, minimum: -32768, maximum: 32767)], isUsable: true,
          capability: "has an accelerometer")
      ], choice: choice)
  }

  private func object(_ findings: SensorFindings) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(findings.json().utf8)) as? [String: Any])
  }

  @Test("A machine without IIO devices still lists its input devices, and has a sensor to use")
  func noIIO() throws {
    let findings = SensorFindings(
      uri: "local:", iio: .failure(noContext), input: .success(input(.success(controller))))
    #expect(findings.failure == nil)
    let parts = findings.text.components(separatedBy: "\n\n")
    #expect(parts.count == 2)
    #expect(parts[0].contains("source iio") && parts[0].contains("there is no IIO device"))
    #expect(
      parts[1].contains("source evdev") && parts[1].contains("/dev/input/event4  Controller: has an accelerometer"))
    #expect(parts[1].contains("ABS_X  -32768 to 32767, 8192 per g"))
    #expect(parts[1].contains("would use Controller"))
    let listed = try object(findings)
    #expect((listed["error"] as? String)?.contains("there is no IIO device") == true)
    let section = try #require(listed["input"] as? [String: Any])
    #expect(section["error"] == nil)
    let device = try #require((section["devices"] as? [[String: Any]])?.first)
    #expect(device["path"] as? String == "/dev/input/event4")
    #expect((device["axes"] as? [[String: Any]])?.first?["resolution"] as? Int == 8192)
  }

  @Test("Input devices that cannot be listed hide no IIO device")
  func noInput() throws {
    let survey = SensorSurvey(
      uri: "local:",
      devices: [.init(id: "iio:device0", name: "mpu6050", label: nil, isUsable: true, capability: "has both")],
      choice: .success(controller))
    let findings = SensorFindings(uri: "local:", iio: .success(survey), input: .failure(noContext))
    #expect(findings.failure == nil)
    #expect(findings.text.contains("iio:device0  mpu6050: has both"))
    #expect((try object(findings)["devices"] as? [[String: Any]])?.first?["id"] as? String == "iio:device0")
  }

  @Test("Where neither can be used the first reason is that of the exit status; a place not asked for is not shown")
  func nothing() throws {
    let busy = SensorError(kind: .busy, operation: "", subject: "", problem: "", remedy: "")
    #expect(
      SensorFindings(uri: "local:", iio: .failure(noContext), input: .failure(busy)).failure == noContext)
    let only = SensorFindings(uri: "local:", input: .success(input(.failure(busy))))
    #expect(only.failure == busy)
    #expect(!only.text.contains("IIO"))
    #expect(try object(only).keys.sorted() == ["input"])
  }
}
