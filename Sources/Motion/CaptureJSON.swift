internal import Foundation

/// Reading and writing of the JSON files of captures.
enum CaptureJSON {
  /// Reads a document; failures become errors that name the file, the key and the place.
  static func read(
    _ json: [UInt8], file: String, limit: Int, what: String,
    _ body: (_ reader: inout JSONReader) throws(JSONReader.Failure) -> Void
  ) throws(CaptureError) {
    guard !json.isEmpty else {
      throw CaptureError(
        kind: .malformed, file: file, problem: "is empty, expected \(what)", advice: "record or convert it again")
    }
    guard json.count <= limit else {
      throw CaptureError(
        kind: .tooLarge, file: file, problem: "is larger than \(limit) bytes, the limit for \(what)",
        advice: "check that this is the right file")
    }
    if let offset = CaptureFile.firstInvalidUTF8(in: json) {
      throw CaptureError(
        kind: .malformed, file: file, place: "byte \(offset)", problem: "is not UTF-8, expected \(what) in UTF-8",
        advice: "save the file as UTF-8")
    }
    var reader = JSONReader(json)
    do throws(JSONReader.Failure) {
      try body(&reader)
      try reader.end()
    } catch {
      throw CaptureError(
        kind: error.isMissing ? .missing : .malformed, file: file, place: error.place, problem: error.problem,
        advice: "correct the file")
    }
  }

  /// Encodes a document with sorted keys, readable by people; ends with a line feed.
  static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Nothing but a non-finite number could make encoding fail.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let data = try? encoder.encode(value) else { return [] }
    return Array(data) + [UInt8(ascii: "\n")]
  }
}
