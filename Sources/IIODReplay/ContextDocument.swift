/// The XML of a context in the form of libiio 0.24, which has no attribute values.
enum ContextDocument {
  /// Attributes of every buffer.
  static let bufferAttributes = ["direction", "watermark"]

  static func xml(
    name: String, description: String, label: String, attributes: [String: String], devices: [ReplayModel.Device]
  ) -> [UInt8] {
    var text = "<?xml version=\"1.0\" encoding=\"utf-8\"?>" + documentType
    text += "<context name=\"\(escaped(name))\""
    text += " version-major=\"\(ProtocolVersion.major)\" version-minor=\"\(ProtocolVersion.minor)\""
    text += " version-git=\"\(ProtocolVersion.tag)\" description=\"\(escaped(description))\" >"
    for (name, value) in attributes.sorted(by: { $0.key < $1.key }) where name != "replay,capture" {
      text += "<context-attribute name=\"\(escaped(name))\" value=\"\(escaped(value))\" />"
    }
    // So that nobody takes it for a sensor.
    text += "<context-attribute name=\"replay,capture\" value=\"\(escaped(label))\" />"
    for device in devices { text += element(device) }
    text += "</context>"
    return Array(text.utf8)
  }

  private static func element(_ device: ReplayModel.Device) -> String {
    var text = "<device id=\"\(escaped(device.id))\""
    if let name = device.name { text += " name=\"\(escaped(name))\"" }
    if let label = device.label { text += " label=\"\(escaped(label))\"" }
    text += " >"
    for channel in device.channels {
      text += "<channel id=\"\(escaped(channel.id))\" type=\"input\" >"
      if let element = channel.element {
        text += "<scan-element index=\"\(element.index)\" format=\"\(escaped(element.format.description))\""
        if let scale = channel.attributes.first(where: { $0.name == "scale" }), case .recorded(let value) = scale.rule {
          text += " scale=\"\(escaped(value))\""
        }
        text += " />"
      }
      for attribute in channel.attributes {
        text += "<attribute name=\"\(escaped(attribute.name))\""
        text += " filename=\"\(escaped(attribute.filename ?? attribute.name))\" />"
      }
      text += "</channel>"
    }
    for attribute in device.attributes { text += "<attribute name=\"\(escaped(attribute.name))\" />" }
    if device.recorded != nil {
      for name in bufferAttributes { text += "<buffer-attribute name=\"\(name)\" />" }
    }
    return text + "</device>"
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default:
        let isForbidden = scalar.value < 0x20 || scalar.value == 0x7F || (0xFFFE...0xFFFF).contains(scalar.value)
        result += isForbidden ? "?" : String(scalar)
      }
    }
    return result
  }

  // libiio validates what it reads.
  private static let documentType =
    "<!DOCTYPE context [<!ELEMENT context (device | context-attribute)*><!ELEMENT context-attribute EMPTY>"
    + "<!ELEMENT device (channel | attribute | debug-attribute | buffer-attribute)*>"
    + "<!ELEMENT channel (scan-element?, attribute*)><!ELEMENT attribute EMPTY><!ELEMENT scan-element EMPTY>"
    + "<!ELEMENT debug-attribute EMPTY><!ELEMENT buffer-attribute EMPTY>"
    + "<!ATTLIST context name CDATA #REQUIRED version-major CDATA #REQUIRED version-minor CDATA #REQUIRED"
    + " version-git CDATA #REQUIRED description CDATA #IMPLIED>"
    + "<!ATTLIST context-attribute name CDATA #REQUIRED value CDATA #REQUIRED>"
    + "<!ATTLIST device id CDATA #REQUIRED name CDATA #IMPLIED label CDATA #IMPLIED>"
    + "<!ATTLIST channel id CDATA #REQUIRED type (input|output) #REQUIRED name CDATA #IMPLIED>"
    + "<!ATTLIST scan-element index CDATA #REQUIRED format CDATA #REQUIRED scale CDATA #IMPLIED>"
    + "<!ATTLIST attribute name CDATA #REQUIRED filename CDATA #IMPLIED>"
    + "<!ATTLIST debug-attribute name CDATA #REQUIRED><!ATTLIST buffer-attribute name CDATA #REQUIRED>]>"
}

/// What clients are told of the server: the protocol is that of libiio 0.24, the program is not.
enum ProtocolVersion {
  static let major = 0
  static let minor = 24
  /// Stands where libiio has the hash of its source.
  static let tag = "tacc"

  /// The answer to `VERSION`; the tag takes seven columns.
  static let line = "\(major).\(minor).\(tag)" + String(repeating: " ", count: max(0, 7 - tag.utf8.count)) + "\n"
}
