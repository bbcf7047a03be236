import Console
import ArgumentParser
import Foundation
import RelayLink

struct Session: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a session at a relay and print its code.",
    discussion: """
      EXAMPLES:
        tacc session --url http://localhost:8000

      \(HelpText.exitStatus([0: "Done.", 1: "The relay cannot be reached, or refused.", 2: "Bad usage."]))

      \(HelpText.environment(.proxies))
      """)

  @Option(help: ArgumentHelp("The relay: http://, https://, ws:// or wss://.", valueName: "url"))
  var url = "http://localhost:8000"

  @Option(help: ArgumentHelp("Trust the certificates in this PEM file instead of the system's.", valueName: "file"))
  var caFile: String?

  @OptionGroup var output: OutputOptions

  func run() async throws {
    struct Answer: Encodable {
      var sessionCode: String
      var sessionIdB64: String
      var expiresInS: Int?
    }
    do {
      var options = RelayLinkOptions()
      options.caFile = caFile
      let session = try await createSession(at: try RelayEndpoint(url), options: options)
      guard output.json else { return try Terminal.output(session.sessionCode) }
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let answer = Answer(
        sessionCode: session.sessionCode, sessionIdB64: Data(session.sessionID).base64EncodedString(),
        expiresInS: session.expiresIn.map { Int($0.components.seconds) })
      try Terminal.output(String(decoding: try encoder.encode(answer), as: UTF8.self))
    } catch let error as RelayLinkError {
      throw error.isUserError ? ExitStatus.badInput("\(error)") : ExitStatus.fault("\(error)")
    }
  }
}
