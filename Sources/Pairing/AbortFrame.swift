/// The body of an abort frame: one byte.
///
/// Before the first mask it names the reason, so that the other board can say what to do; after it every reason is
/// "failed", since reasons may depend on secret bits.
enum AbortFrame {
  private static let generic: UInt8 = 0xFF
  /// Reasons that may be told, by their place in the list plus one.
  private static let names = [
    "cancelled", "no-motion", "preamble-incomplete", "preamble-commitment", "onsets-disagree", "no-common-sensor",
    "too-few-scans", "too-much-clipping", "too-little-motion", "one-axis-only", "not-shaken-together",
    "preamble-disturbed", "fine-motion-differs",
    "accelerometers-disagree", "implausible-map", "unsuitable-rate", "ambiguous-offset", "no-usable-channel",
    "plan-rejected", "no-common-profile", "deadline", "sensor-failed", "malformed-message", "unexpected-message",
    "link-too-slow", "attempt-too-long", "repeated-values",
  ]

  /// The body for a reason.
  static func body(for reason: AbortReason, maskSent: Bool) -> [UInt8] {
    guard !maskSent, let place = names.firstIndex(of: reason.code) else { return [generic] }
    return [UInt8(place + 1)]
  }

  /// The name that a body stands for; "failed" for the generic one and for anything unknown.
  static func name(of body: [UInt8]) -> String {
    guard body.count == 1, let code = body.first, code >= 1, Int(code) <= names.count else { return "failed" }
    return names[Int(code) - 1]
  }
}
