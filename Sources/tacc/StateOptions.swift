import Console
import Agent
import ArgumentParser
import Configuration
import Foundation
import Peers

struct StateOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The agent's state directory (state.directory). (default: /var/lib/tacc)", valueName: "dir"))
  var stateDirectory: String?

  @Option(
    help: ArgumentHelp(
      "The agent's configuration file. (default: /etc/tacc/agent.toml, where it exists)", valueName: "file"))
  var config: String?

  /// What the agent of this board is set to.
  func load() throws -> (directory: String, configuration: StateConfiguration) {
    let environment = ProcessInfo.processInfo.environment
    do throws(ConfigurationError) {
      let configuration = try StateConfiguration(try settings(), environment: environment)
      return (configuration.directory ?? StateConfiguration.standardDirectory, configuration)
    } catch {
      throw ExitStatus.badInput("\(error)")
    }
  }

  /// The agent's settings, with `options` (key, value, the option's name) above them.
  func settings(_ options: [(String, String, String)] = []) throws(ConfigurationError) -> Settings {
    let own = stateDirectory.map { [("state.directory", $0, "--state-directory")] } ?? []
    return try Settings(
      of: .agent, file: config, environment: ProcessInfo.processInfo.environment, options: own + options)
  }

  /// The peers of this board; secrets are read from here on.
  func store() throws -> PeerStore {
    for complaint in ProcessHardening.apply(environment: ProcessInfo.processInfo.environment) {
      Terminal.note(complaint)
    }
    return PeerStore(stateDirectory: try load().directory)
  }
}

extension PeerError {
  /// How the program ends for it.
  var status: ExitStatus {
    switch self {
    case .unknownPeer, .ambiguousPeer: .badInput("\(self)")
    case .crypto(.wrongLength): .badInput("\(self)")
    default: .fault("\(self)")
    }
  }
}

/// Runs something about peers; errors end the program as they should.
func onPeers<Result>(_ body: () throws(PeerError) -> Result) throws -> Result {
  do throws(PeerError) {
    return try body()
  } catch {
    throw error.status
  }
}
