import ArgumentParser
import Testing

@testable import tacc

@Suite("The help of every command") struct HelpTests {
  /// The commands and theirs, as they are typed.
  static let commands: [(name: String, type: ParsableCommand.Type)] = Tacc.configuration.subcommands.flatMap {
    command in
    [(command._commandName, command)]
      + command.configuration.subcommands.map { ("\(command._commandName) \($0._commandName)", $0) }
  }

  @Test("fits a terminal of 80 columns", arguments: commands.map(\.name))
  func columns(name: String) throws {
    let command = try #require(Self.commands.first { $0.name == name })
    let help = Tacc.helpMessage(for: command.type, columns: 80)
    for line in help.split(separator: "\n") {
      #expect(line.count <= 80, "\(line)")
      #expect(!line.hasSuffix(" ") && !line.hasSuffix(" -"), "\(line)")
    }
  }

  @Test("tells how it ends, and gives an example", arguments: Tacc.configuration.subcommands.map(\._commandName))
  func sections(name: String) throws {
    let command = try #require(Self.commands.first { $0.name == name })
    let help = Tacc.helpMessage(for: command.type, columns: 80)
    #expect(help.contains("\nEXIT STATUS:\n  0  ") && help.contains("\nEXAMPLES:\n  "))
  }

  @Test("shows names for what is chosen by name")
  func defaults() {
    for help in [Client.helpMessage(), Evaluate.helpMessage(), DemoLocal.helpMessage()] {
      #expect(help.contains("default: guard") && !help.contains("default: 1)") && help.contains("guard, offset"))
    }
  }

  @Test("lays tables out: beside a short name, below a long one, wrapped where the column begins")
  func tables() {
    let words = Array(repeating: "word", count: 20).joined(separator: " ")
    #expect(HelpText.table("NAMES", [("a", "one"), ("abc", "two")]) == "NAMES:\n  a    one\n  abc  two")
    let lines = HelpText.table("NAMES", [("short", words), ("a name that is long enough", "below")])
      .split(separator: "\n")
    #expect(lines[1].hasPrefix("  short  word ") && lines[2].hasPrefix("         word"))
    #expect(lines[3] == "  a name that is long enough" && lines[4] == "         below")
    #expect(lines.allSatisfy { $0.count <= HelpText.width })
  }
}
