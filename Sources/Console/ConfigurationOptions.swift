package import ArgumentParser
package import Configuration

/// What every program takes that has a configuration.
package struct ConfigurationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The configuration file. (default: the program's own in /etc/tacc, where it exists)", valueName: "file"))
  package var config: String?

  @Flag(help: "Print the effective configuration and end.")
  package var checkConfig = false

  @Option(help: ArgumentHelp("Any key of the configuration; may be repeated.", valueName: "key=value"))
  package var set: [String] = []

  package init() {}

  package mutating func validate() throws {
    for assignment in set where !assignment.contains("=") {
      throw ValidationError("--set \(assignment): give table.key=value")
    }
  }

  /// Reads the configuration of a program, again each time it is called.
  ///
  /// - Parameters:
  ///   - schema: the keys there are.
  ///   - environment: the process's.
  ///   - options: the program's own, by the key that each sets; without those that were not given.
  package func loader(
    of schema: SettingsSchema, environment: [String: String], options: [(key: String, value: String?, option: String)]
  ) -> @Sendable () throws(ConfigurationError) -> Settings {
    let given = options.compactMap { key, value, option in value.map { (key: key, value: $0, option: option) } }
    let assigned = set.map { assignment in
      let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (key: String(parts[0]), value: parts.count > 1 ? String(parts[1]) : "", option: "--set")
    }
    return { [config] () throws(ConfigurationError) in
      try Settings(of: schema, file: config, environment: environment, options: given + assigned)
    }
  }
}
