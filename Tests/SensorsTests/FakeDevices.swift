@testable import Sensors

/// Pieces of a context as libiio 0.24 prints it.
enum FakeXML {
  static func context(_ devices: String...) -> String {
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><!DOCTYPE context [<!ELEMENT context (device | context-attribute)*>"
      + "<!ELEMENT context-attribute EMPTY><!ELEMENT device (channel | attribute | debug-attribute | buffer-attribute)*>"
      + "<!ELEMENT channel (scan-element?, attribute*)><!ELEMENT attribute EMPTY><!ELEMENT scan-element EMPTY>"
      + "<!ELEMENT debug-attribute EMPTY><!ELEMENT buffer-attribute EMPTY>"
      + "<!ATTLIST context name CDATA #REQUIRED description CDATA #IMPLIED>"
      + "<!ATTLIST context-attribute name CDATA #REQUIRED value CDATA #REQUIRED>"
      + "<!ATTLIST device id CDATA #REQUIRED name CDATA #IMPLIED label CDATA #IMPLIED>"
      + "<!ATTLIST channel id CDATA #REQUIRED type (input|output) #REQUIRED name CDATA #IMPLIED>"
      + "<!ATTLIST scan-element index CDATA #REQUIRED format CDATA #REQUIRED scale CDATA #IMPLIED>"
      + "<!ATTLIST attribute name CDATA #REQUIRED filename CDATA #IMPLIED>"
      + "<!ATTLIST debug-attribute name CDATA #REQUIRED><!ATTLIST buffer-attribute name CDATA #REQUIRED>]>"
      + "<context name=\"local\" description=\"a test\" ><context-attribute name=\"uri\" value=\"local:\" />"
      + devices.joined() + "</context>"
  }

  static func device(
    _ id: String, _ name: String?, label: String? = nil, _ channels: [String] = [], attributes: [String] = []
  ) -> String {
    let name = name.map { " name=\"\($0)\"" } ?? ""
    let label = label.map { " label=\"\($0)\"" } ?? ""
    return "<device id=\"\(id)\"\(name)\(label) >" + channels.joined()
      + attributes.map { "<attribute name=\"\($0)\" />" }.joined() + "</device>"
  }

  static func axes(
    _ kind: String, at first: Int?, format: String = "be:S16/16&gt;&gt;0", scale: String = "0.000598",
    attributes: [String] = ["mount_matrix", "scale", "scale_available"], of axes: [String] = ["x", "y", "z"]
  ) -> [String] {
    axes.enumerated().map { offset, axis in
      let scan = first.map {
        "<scan-element index=\"\($0 + offset)\" format=\"\(format)\" scale=\"\(scale)\" />"
      }
      return "<channel id=\"\(kind)_\(axis)\" type=\"input\" >" + (scan ?? "")
        + "<attribute name=\"raw\" filename=\"in_\(kind)_\(axis)_raw\" />"
        + attributes.map { "<attribute name=\"\($0)\" filename=\"in_\(kind)_\($0)\" />" }.joined() + "</channel>"
    }
  }

  static func timestamp(at index: Int) -> String {
    "<channel id=\"timestamp\" type=\"input\" ><scan-element index=\"\(index)\" format=\"le:S64/64&gt;&gt;0\" /></channel>"
  }

  static let rates = ["current_timestamp_clock", "sampling_frequency", "sampling_frequency_available"]

  /// An MPU-6050 as its driver shows it, temperature included.
  static func mpu6050(_ id: String = "iio:device0", name: String = "mpu6050", label: String? = nil) -> String {
    device(
      id, name, label: label,
      axes("accel", at: 0) + [
        "<channel id=\"temp\" type=\"input\" ><scan-element index=\"3\" format=\"be:S16/16&gt;&gt;0\" scale=\"2.941176\" />"
          + "<attribute name=\"scale\" filename=\"in_temp_scale\" /></channel>"
      ] + axes("anglvel", at: 4, scale: "0.001065") + [timestamp(at: 7)], attributes: rates)
  }

  static let mpu6050Values: [String: String] = [
    "iio:device0/current_timestamp_clock": "realtime",
    "iio:device0/sampling_frequency": "50",
    "iio:device0/sampling_frequency_available": "10 20 50 100 200 500",
    "iio:device0/in_accel_scale": "0.000598",
    "iio:device0/in_accel_scale_available": "0.000598 0.001196 0.002392 0.004785",
    "iio:device0/in_anglvel_scale": "0.001064724",
    "iio:device0/in_anglvel_scale_available": "0.000133090 0.000266181 0.000532362 0.001064724",
    "iio:device0/in_accel_mount_matrix": "0, 1, 0; -1, 0, 0; 0, 0, 1",
    "iio:device0/in_anglvel_mount_matrix": "1, 0, 0; 0, 1, 0; 0, 0, 1",
    "iio:device0/buffer/enable": "0",
    "iio:device0/buffer/length": "2",
    "iio:device0/buffer/watermark": "1",
  ]

  /// An accelerometer or gyroscope of a HID sensor hub: 32-bit codes, a range of its own, a rate without a list.
  static func hid(_ kind: String, _ id: String, _ name: String) -> String {
    device(
      id, name,
      axes(
        kind, at: 0, format: "le:S32/32&gt;&gt;0", scale: "0.009806",
        attributes: ["scale", "offset", "sampling_frequency"]) + [timestamp(at: 3)],
      attributes: ["current_timestamp_clock"])
  }
}

extension FakeIIO {
  static func mpu6050() -> FakeIIO {
    FakeIIO(
      FakeXML.context(FakeXML.mpu6050(), FakeXML.device("trigger0", "mpu6050-dev0")), attributes: FakeXML.mpu6050Values)
  }

  /// Two devices of a HID sensor hub.
  static func hid() -> FakeIIO {
    var values: [String: String] = [:]
    for (device, kind, scale) in [("iio:device1", "accel", "0.0098"), ("iio:device2", "anglvel", "0.001")] {
      values["\(device)/current_timestamp_clock"] = "monotonic"
      values["\(device)/in_\(kind)_scale"] = scale
      values["\(device)/in_\(kind)_offset"] = "0"
      values["\(device)/in_\(kind)_sampling_frequency"] = "100.000000"
    }
    let fake = FakeIIO(
      FakeXML.context(
        FakeXML.device("iio:device0", "als"), FakeXML.hid("accel", "iio:device1", "accel_3d"),
        FakeXML.hid("anglvel", "iio:device2", "gyro_3d")), attributes: values)
    // Their rate is what it is.
    fake.fail("write iio:device1/in_accel_sampling_frequency", 22)
    fake.fail("write iio:device2/in_anglvel_sampling_frequency", 22)
    return fake
  }
}
