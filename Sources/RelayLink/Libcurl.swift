/// The libcurl that is linked at run time.
public enum Libcurl {
  /// Its version.
  public static var version: String { LibcurlRequirements.current.versionText }

  /// Whether it will do.
  ///
  /// - Throws: ``RelayLinkError/unsuitableLibcurl(version:problem:)``.
  public static func check() throws(RelayLinkError) { try LibcurlRequirements.current.check() }
}
