/// What `capture.json` holds: notes beside the raw data, all of them optional.
///
/// | key | meaning |
/// |---|---|
/// | `format` | version of this file; 1 |
/// | `device` | name of the recorded device, which is also that of the `.bin` file |
/// | `label`, `notes` | free text |
/// | `id` | identifier of the board |
/// | `start` | when recording began, ISO 8601 |
/// | `scans`, `scan_bytes` | size of the recording, to notice truncated files |
/// | `enabled` | identifiers of the channels that were enabled; without it, all channels of the device |
/// | `attributes` | values by their sysfs name: `in_accel_scale`, `in_accel_offset`, `in_accel_mount_matrix`, the same for `in_anglvel`, `sampling_frequency`, … |
///
/// Values of `attributes` may be strings or numbers; other keys are ignored.
public struct CaptureManifest: Sendable, Hashable {
  /// Name of the recorded device.
  public var device: String?
  /// What the recording is called.
  public var label: String?
  /// Identifier of the board.
  public var id: String?
  /// When recording began, ISO 8601.
  public var start: String?
  /// Free text.
  public var notes: String?
  /// The number of scans.
  public var scans: Int?
  /// Bytes per scan, padding included.
  public var scanBytes: Int?
  /// Identifiers of the enabled channels; nil if all were.
  public var enabled: [String]?
  /// Attribute values by sysfs name.
  public var attributes: [String: String]

  /// The only version of the format.
  public static let formatVersion = 1
  /// The largest file, in bytes.
  public static let sizeLimit = 1 << 20

  /// Makes a manifest.
  public init(
    device: String? = nil, label: String? = nil, id: String? = nil, start: String? = nil, notes: String? = nil,
    scans: Int? = nil, scanBytes: Int? = nil, enabled: [String]? = nil, attributes: [String: String] = [:]
  ) {
    self.device = device
    self.label = label
    self.id = id
    self.start = start
    self.notes = notes
    self.scans = scans
    self.scanBytes = scanBytes
    self.enabled = enabled
    self.attributes = attributes
  }

  /// Parses the text of a `capture.json`.
  ///
  /// - Parameters:
  ///   - json: the file's bytes.
  ///   - file: its path, for error texts.
  /// - Throws: `CaptureError` naming the key.
  public static func parse(_ json: [UInt8], file: String) throws(CaptureError) -> CaptureManifest {
    var manifest = CaptureManifest()
    var format = formatVersion
    try CaptureJSON.read(json, file: file, limit: sizeLimit, what: "a capture's capture.json") {
      (reader) throws(JSONReader.Failure) in
      try reader.object { (key, reader) throws(JSONReader.Failure) in
        // A key that is null is as good as absent.
        if reader.takeNull() { return }
        switch key {
        case "format": format = try reader.wholeNumber(Int.self)
        case "device": manifest.device = try reader.string()
        case "label": manifest.label = try reader.string()
        case "id": manifest.id = try reader.string()
        case "start": manifest.start = try reader.string()
        case "notes": manifest.notes = try reader.string()
        case "scans": manifest.scans = try reader.wholeNumber(Int.self)
        case "scan_bytes": manifest.scanBytes = try reader.wholeNumber(Int.self)
        case "enabled":
          var enabled: [String] = []
          try reader.array { (_, reader) throws(JSONReader.Failure) in enabled.append(try reader.string()) }
          manifest.enabled = enabled
        case "attributes":
          try reader.object { (name, reader) throws(JSONReader.Failure) in
            manifest.attributes[name] = try reader.text()
          }
        default: try reader.skip()
        }
      }
    }
    guard format == formatVersion else {
      throw CaptureError(
        kind: .unsupported, file: file, place: "key \"format\"",
        problem: "is \(format), expected \(formatVersion)", advice: "use a newer version of this program")
    }
    return manifest
  }

  /// The text of the file.
  public func json() -> [UInt8] {
    CaptureJSON.encode(
      Stored(
        format: Self.formatVersion, device: device, label: label, id: id, start: start, notes: notes, scans: scans,
        scan_bytes: scanBytes, enabled: enabled, attributes: attributes))
  }

  private struct Stored: Encodable {
    var format: Int
    var device: String?
    var label: String?
    var id: String?
    var start: String?
    var notes: String?
    var scans: Int?
    var scan_bytes: Int?
    var enabled: [String]?
    var attributes: [String: String]
  }
}
