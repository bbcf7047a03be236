/// The names that somebody who wrote `text` may have meant: at most five, the likeliest first.
///
/// Those that differ by at most two insertions, deletions or replacements, whatever the case, then those that contain
/// the text.
package func nearest(_ names: [String], to text: String) -> [String] {
  let wanted = Array(text.lowercased().prefix(64))
  guard !wanted.isEmpty else { return [] }
  let scored = names.compactMap { name -> (name: String, score: Int)? in
    let candidate = Array(name.lowercased().prefix(64))
    let distance = editDistance(wanted, candidate)
    if distance <= min(2, wanted.count - 1) { return (name, distance) }
    return candidate.count > wanted.count && wanted.count >= 2 && contains(candidate, wanted) ? (name, 3) : nil
  }
  return scored.sorted { ($0.score, $0.name) < ($1.score, $1.name) }.prefix(5).map(\.name)
}

/// Levenshtein's distance.
private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
  var previous = Array(0...right.count)
  for (row, character) in left.enumerated() {
    var current = [row + 1]
    for (column, other) in right.enumerated() {
      current.append(
        min(previous[column] + (character == other ? 0 : 1), previous[column + 1] + 1, current[column] + 1))
    }
    previous = current
  }
  return previous[right.count]
}

private func contains(_ text: [Character], _ part: [Character]) -> Bool {
  (0...(text.count - part.count)).contains { text[$0..<($0 + part.count)].elementsEqual(part) }
}
