public import Configuration
import Glibc
public import RelayLink

/// Where the relay is and how it is reached, as the agent's settings have it.
public struct RelayAddress: Sendable {
  /// Where it is.
  public let endpoint: RelayEndpoint
  /// Deadlines, certificates, proxies.
  public let options: RelayLinkOptions

  /// Checks settings.
  public init(_ settings: Settings) throws(ConfigurationError) {
    let reader = SettingsReader(settings)
    let url = try reader.text("relay.url")
    do {
      endpoint = try RelayEndpoint(url)
    } catch {
      // Where somebody gave a password, it is not repeated.
      let shown = url.contains("@") ? "an address with a user name" : nil
      throw reader.impossible("relay.url", "an address such as wss://relay.example (\(error))", shown: shown)
    }
    var options = RelayLinkOptions()
    options.caFile = try reader.optionalText("relay.ca_file")
    options.connectDeadline = .seconds(try reader.number("relay.connect_seconds", in: 1...60))
    options.usesEnvironmentProxy = try reader.boolean("relay.environment_proxy")
    // Whoever stops the agent does not wait for a relay that does not answer.
    options.closeDeadline = .milliseconds(500)
    if let path = options.caFile, access(path, R_OK) != 0 {
      throw reader.impossible("relay.ca_file", "the path of a PEM file that this user may read")
    }
    self.options = options
  }
}
