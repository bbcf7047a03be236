import ArgumentParser
import Testing

@testable import tacc

/// What `--help` says, of every command.
@Suite struct HelpTests {
  private static let width = 80

  /// The help texts of commands and theirs, by what is typed.
  private func texts(of commands: [any ParsableCommand.Type], behind path: String = "") -> [(
    name: String, help: String
  )] {
    var texts: [(name: String, help: String)] = []
    for command in commands {
      let configuration = command.configuration
      let name = "\(path) \(configuration.commandName ?? "")"
      texts.append((name, Tacc.helpMessage(for: command, columns: Self.width)))
      texts += self.texts(of: configuration.subcommands, behind: name)
    }
    return texts
  }

  @Test func everyTextFitsATerminal() {
    let texts = texts(of: Tacc.configuration.subcommands)
    #expect(texts.count > 20)
    for (name, help) in texts {
      for line in help.split(separator: "\n") {
        #expect(line.count <= Self.width, "\(name): \(line)")
        #expect(!line.hasSuffix(" ") && !line.hasSuffix(" -"), "\(name): \(line)")
      }
    }
  }

  @Test func everyCommandTellsHowItEndsAndGivesAnExample() {
    for command in Tacc.configuration.subcommands {
      let help = Tacc.helpMessage(for: command, columns: Self.width)
      #expect(help.contains("\nEXIT STATUS:\n  0  ") && help.contains("\nEXAMPLES:\n  "), "\(help)")
    }
  }

  @Test func whatIsChosenByNameIsShownByName() {
    for command in [Client.self, Evaluate.self, DemoLocal.self] as [any ParsableCommand.Type] {
      // So wide that nothing is wrapped.
      let help = Tacc.helpMessage(for: command, columns: 400)
      #expect(help.contains("(values: guard, offset; default: guard)"), "\(help)")
    }
  }

  @Test func aMeaningIsBesideAShortNameAndBelowALongOne() {
    let words = Array(repeating: "word", count: 20).joined(separator: " ")
    #expect(HelpText.table("NAMES", [("a", "one"), ("abc", "two")]) == "NAMES:\n  a    one\n  abc  two")
    let lines = HelpText.table("NAMES", [("short", words), ("a name that is long enough", "below")])
      .split(separator: "\n")
    #expect(lines[1].hasPrefix("  short  word ") && lines[2].hasPrefix("         word"))
    #expect(lines[3] == "  a name that is long enough" && lines[4] == "         below")
    #expect(lines.allSatisfy { $0.count <= HelpText.width })
  }
}
