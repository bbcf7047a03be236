import ArgumentParser
import Console
import RelayProgram

/// `tacc relay` without the rest of tacc.
@main
enum TaccRelay {
  static func main() {
    Terminal.claimDescriptors()
    do {
      var command = try RelayCommand.parseAsRoot()
      try command.run()
      endProcess(0)
    } catch {
      RelayCommand.end(with: error)
    }
  }
}
