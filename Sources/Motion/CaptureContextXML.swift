extension Capture {
  /// The libiio context of the directory that `write(to:)` makes.
  ///
  /// Attribute values stand beside their names as libiio 1.0 writes them; the document type declares that, since
  /// libiio 0.x validates against it.
  func contextXML(attributes: [String: String]) -> [UInt8] {
    func escaped(_ text: String) -> String {
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
    func attribute(_ name: String, filename: String? = nil, value: String?) -> String {
      let file = filename.map { " filename=\"\(escaped($0))\"" } ?? ""
      let value = value.map { " value=\"\(escaped($0))\"" } ?? ""
      return "<attribute name=\"\(escaped(name))\"\(file)\(value) />"
    }

    var text = "<?xml version=\"1.0\" encoding=\"utf-8\"?>" + Self.documentType
    text += "<context name=\"\(escaped(contextName))\" description=\"\(escaped(contextDescription))\" >"
    for (name, value) in contextAttributes.sorted(by: { $0.key < $1.key }) {
      text += "<context-attribute name=\"\(escaped(name))\" value=\"\(escaped(value))\" />"
    }
    text += "<device id=\"iio:device0\" name=\"\(escaped(deviceName))\" >"
    var index = 0
    let kinds = [("accel", recording.hasAccelerometer), ("anglvel", recording.hasGyroscope)]
    for (kind, isPresent) in kinds where isPresent {
      let scale = attributes["in_\(kind)_scale"]
      for axis in ["x", "y", "z"] {
        text += "<channel id=\"\(kind)_\(axis)\" type=\"input\" >"
        text += "<scan-element index=\"\(index)\" format=\"be:S16/16&gt;&gt;0\" scale=\"\(scale ?? "1")\" />"
        text += attribute("raw", filename: "in_\(kind)_\(axis)_raw", value: nil)
        text += attribute("scale", filename: "in_\(kind)_scale", value: scale)
        text += attribute(
          "mount_matrix", filename: "in_\(kind)_mount_matrix", value: attributes["in_\(kind)_mount_matrix"])
        text += "</channel>"
        index += 1
      }
    }
    text += "<channel id=\"timestamp\" type=\"input\" >"
    text += "<scan-element index=\"\(index)\" format=\"le:S64/64&gt;&gt;0\" /></channel>"
    for (name, value) in attributes.sorted(by: { $0.key < $1.key }) where !name.hasPrefix("in_") {
      text += attribute(name, value: value)
    }
    text += "</device></context>\n"
    return Array(text.utf8)
  }

  private static let documentType =
    "<!DOCTYPE context ["
    + "<!ELEMENT context (device | context-attribute)*>"
    + "<!ELEMENT context-attribute EMPTY>"
    + "<!ELEMENT device (channel | attribute | debug-attribute | buffer-attribute)*>"
    + "<!ELEMENT channel (scan-element?, attribute*)>"
    + "<!ELEMENT attribute EMPTY>"
    + "<!ELEMENT scan-element EMPTY>"
    + "<!ELEMENT debug-attribute EMPTY>"
    + "<!ELEMENT buffer-attribute EMPTY>"
    + "<!ATTLIST context name CDATA #REQUIRED description CDATA #IMPLIED>"
    + "<!ATTLIST context-attribute name CDATA #REQUIRED value CDATA #REQUIRED>"
    + "<!ATTLIST device id CDATA #REQUIRED name CDATA #IMPLIED label CDATA #IMPLIED>"
    + "<!ATTLIST channel id CDATA #REQUIRED type (input|output) #REQUIRED name CDATA #IMPLIED>"
    + "<!ATTLIST scan-element index CDATA #REQUIRED format CDATA #REQUIRED scale CDATA #IMPLIED>"
    + "<!ATTLIST attribute name CDATA #REQUIRED filename CDATA #IMPLIED value CDATA #IMPLIED>"
    + "<!ATTLIST debug-attribute name CDATA #REQUIRED value CDATA #IMPLIED>"
    + "<!ATTLIST buffer-attribute name CDATA #REQUIRED value CDATA #IMPLIED>"
    + "]>"
}
