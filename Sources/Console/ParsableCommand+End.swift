package import ArgumentParser

extension ParsableCommand {
  /// Ends the process, saying what there is to say.
  package static func end(with error: any Error) -> Never {
    if let status = error as? ExitStatus {
      if let message = status.message, !message.isEmpty { Terminal.error(message) }
      endProcess(status.code)
    }
    // Help and version are no errors; everything else the parser throws is bad usage.
    let text = fullMessage(for: error)
    if exitCode(for: error).isSuccess {
      do { try Terminal.output(text) } catch { endProcess(1) }
      endProcess(0)
    }
    Terminal.line(text)
    endProcess(2)
  }
}
