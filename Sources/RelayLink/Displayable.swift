/// Makes text from the network safe for a log or a terminal.
///
/// Control characters, line and paragraph separators, and invisible format characters (which include the
/// bidirectional overrides) become `?`; what is longer than `limit` Unicode scalars is cut and ends in `…`.
func displayable(_ text: some StringProtocol, limit: Int = 200) -> String {
  var result = String.UnicodeScalarView()
  for (count, scalar) in text.unicodeScalars.enumerated() {
    guard count < limit else {
      result.append("…")
      break
    }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
      result.append("?")
    default:
      result.append(scalar)
    }
  }
  return String(result)
}

/// The same for bytes that claim to be UTF-8; malformed sequences become U+FFFD.
func displayable(utf8 bytes: some Collection<UInt8>, limit: Int = 200) -> String {
  // A scalar has at most four bytes, so nothing that could be shown is lost by cutting first.
  displayable(String(decoding: bytes.prefix(limit * 4 + 4), as: UTF8.self), limit: limit)
}

/// The same text without what may be a user name and password in an address: libcurl quotes a proxy that it cannot use as
/// it stands in the environment.
func withoutCredentials(_ text: String) -> String {
  guard let at = text.lastIndex(of: "@") else { return text }
  var start = text.startIndex
  if let quote = text[..<at].firstIndex(of: "'") { start = text.index(after: quote) }
  // The scheme may stay.
  if let slashes = text[start..<at].indices.first(where: { text[$0..<at].hasPrefix("://") }) {
    start = text.index(slashes, offsetBy: 3)
  }
  return text[..<start] + "…" + text[at...]
}
