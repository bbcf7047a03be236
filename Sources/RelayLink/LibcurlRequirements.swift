internal import CCurl

/// What the libcurl that is linked at run time can do; it may be another than the one built against.
struct LibcurlRequirements: Sendable {
  /// 8.11.0, in which WebSocket stopped being experimental.
  static let minimumVersion: UInt32 = 0x08_0B_00
  /// 8.14.0 can leave pings to the caller.
  static let versionWithoutAutomaticPong: UInt32 = 0x08_0E_00

  var versionNumber: UInt32
  var versionText: String
  var missingSchemes: [String]

  /// Whether pings are ours to answer. Earlier versions answer them inside `curl_ws_recv`, and would write the pong into
  /// the middle of a frame that is partly sent; the caller must not receive then.
  var leavesPingsToUs: Bool { versionNumber >= Self.versionWithoutAutomaticPong }

  /// Throws ``RelayLinkError/unsuitableLibcurl(version:problem:)`` if something is missing.
  func check() throws(RelayLinkError) {
    if versionNumber < Self.minimumVersion {
      throw .unsuitableLibcurl(version: versionText, problem: "it is too old")
    }
    if !missingSchemes.isEmpty {
      throw .unsuitableLibcurl(
        version: versionText, problem: "it was built without \(missingSchemes.joined(separator: ", "))")
    }
  }

  /// The library in use. The first call initialises libcurl, once for the process.
  static let current: LibcurlRequirements = {
    // Fails only without memory or entropy; every handle would fail later and say so.
    _ = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    return LibcurlRequirements(
      versionNumber: ccurl_version_number(),
      versionText: String(cString: ccurl_version_text()),
      missingSchemes: ["http", "https", "ws", "wss"].filter { !ccurl_speaks($0) })
  }()
}
