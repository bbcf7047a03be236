import Agreement
import ArgumentParser
import Foundation

/// Measures Cascade on pairs of strings that differ in independent random bits.
@main
struct CascadeBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cascade-bench",
    abstract: "Leakage, round trips, frame errors and CPU time of Cascade, by schedule, length and error rate.",
    discussion: """
      Both sides run in memory and exchange encoded messages. The strings, the errors and the permutations follow from \
      the seed, so all counts are the same on every machine; times are not. All schedules see the same strings.

      Columns: f is parities disclosed / (n·h(p)), p the true error rate; 'Bob' adds the one bit per correction that \
      Bob's ledger debits; 'again' counts parities that were asked for more than once. Round trips: mean, 99 % and \
      most. FER is the share of runs that ended with different strings, 'ended' of those that ended with an error. \
      µs is the CPU time of both sides together per key, permutations and codecs included.
      """)

  @Option(name: .customLong("n"), parsing: .upToNextOption, help: "Lengths in bits.")
  var counts = [1000, 2000, 4000, 10_000]

  @Option(name: .customLong("p"), parsing: .upToNextOption, help: "True error rates in percent.")
  var percents = [0.1, 0.5, 1, 2, 3, 5, 8, 15]

  @Option(
    parsing: .upToNextOption,
    help: "Schedules: \(CascadeSchedule.Variant.allCases.map(\.rawValue).joined(separator: ", ")).")
  var variant = CascadeSchedule.Variant.allCases

  @Option(parsing: .upToNextOption, help: "What the schedule is told, as a multiple of the true error rate.")
  var assumed = [1.0]

  @Option(help: "Runs per row.")
  var runs = 1000

  @Option(help: "The seed that everything follows from.")
  var seed: UInt64 = 1

  @Option(help: "Rows measured at a time; as many as there are processors if not given.")
  var jobs = ProcessInfo.processInfo.activeProcessorCount

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  func validate() throws {
    guard counts.allSatisfy({ (CascadeSchedule.minimumCount...CascadeSchedule.maximumCount).contains($0) }) else {
      throw ValidationError(
        "--n: expected lengths from \(CascadeSchedule.minimumCount) to \(CascadeSchedule.maximumCount)")
    }
    guard percents.allSatisfy({ $0 >= 0 && $0 <= 50 }) else { throw ValidationError("--p: expected 0 to 50 percent") }
    guard assumed.allSatisfy({ $0 >= 0 && $0 <= 1000 }) else { throw ValidationError("--assumed: expected 0 to 1000") }
    guard runs > 0, jobs > 0 else { throw ValidationError("--runs and --jobs: expected at least 1") }
  }

  func run() async throws {
    var rows: [Setting] = []
    for count in counts {
      for percent in percents {
        for variant in variant {
          for factor in assumed {
            rows.append(
              Setting(
                count: count, errorRate: percent / 100, variant: variant, assumed: min(percent / 100 * factor, 0.5)))
          }
        }
      }
    }
    if !json { print(Figures.header) }
    let progress = Progress(total: rows.count)
    var done: [Int: Figures] = [:]
    var printed = 0
    try await withThrowingTaskGroup(of: (Int, Figures).self) { group in
      var next = 0
      while done.count < rows.count {
        while next < rows.count, next < done.count + jobs {
          let (index, row) = (next, rows[next])
          group.addTask { (index, try row.measure(runs: runs, seed: seed)) }
          next += 1
        }
        guard let (index, figures) = try await group.next() else { break }
        done[index] = figures
        progress.clear()
        while !json, let figures = done[printed] {
          print(figures.row)
          printed += 1
        }
        progress.show(done.count)
      }
    }
    progress.clear()
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(rows.indices.compactMap { done[$0] }), as: UTF8.self))
    }
  }
}

extension CascadeSchedule.Variant: @retroactive ExpressibleByArgument {}

/// How many rows are done, on a terminal.
private struct Progress {
  let total: Int
  private let isTerminal = isatty(STDERR_FILENO) == 1

  init(total: Int) { self.total = total }

  func show(_ done: Int) {
    if isTerminal { FileHandle.standardError.write(Data("\(done) of \(total) rows".utf8)) }
  }

  func clear() {
    if isTerminal { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
  }
}
