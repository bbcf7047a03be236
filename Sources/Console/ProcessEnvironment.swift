internal import CProcess

/// The variables of the environment; of those that occur twice, the first, as getenv(3) has it.
package func processEnvironment() -> [String: String] {
  var variables: [String: String] = [:]
  var next = cprocess_environment()
  while let entry = next?.pointee {
    let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2, variables[String(parts[0])] == nil { variables[String(parts[0])] = String(parts[1]) }
    next = next?.advanced(by: 1)
  }
  return variables
}
