import Foundation
import Platform
import SecureChannel

@testable import Peers

/// A disk in memory that loses its power after a given number of steps. A step is one operation, or one byte written.
///
/// What was not brought to the disk may or may not be there afterwards: ``afterPowerLoss()`` gives every outcome that a
/// file system of the kind of ext4 may leave.
final class ModelDisk: FileLayer, @unchecked Sendable {
  // SAFETY: every test uses its disk from one thread.

  struct State {
    /// Contents by number.
    var contents: [Int: [UInt8]] = [:]
    /// Names by directory.
    var directories: [String: [String: Int]] = ["/": [:], "/state": [:]]
    var next = 0
  }

  /// A change of names that is not on the disk yet.
  private enum Change {
    case put(directory: String, name: String, number: Int)
    case remove(directory: String, name: String)
    case make(directory: String)
  }

  private(set) var now = State()
  private var durable = State()
  private var pending: [Change] = []
  private var unsynced: Set<Int> = []
  private var open: [Int32: Int] = [:]
  private var nextDescriptor: Int32 = 100
  private(set) var steps = 0
  /// After how many steps the power fails.
  var limit = Int.max
  private(set) var isDead = false
  /// Whether the next operations fail without the power failing: a full disk, say.
  var failing: Set<String> = []

  init(_ state: State = State()) {
    now = state
    durable = state
  }

  private func step(_ operation: String, _ path: String) throws(FileError) {
    if isDead || steps >= limit {
      isDead = true
      throw FileError(operation: operation, path: path, kind: .system(SystemErrno(code: EIO)))
    }
    steps += 1
    if failing.contains(operation) {
      throw FileError(operation: operation, path: path, kind: .system(SystemErrno(code: ENOSPC)))
    }
  }

  private func split(_ path: String) -> (directory: String, name: String) {
    let directory = parent(of: path)
    return (directory, String(path.dropFirst(directory == "/" ? 1 : directory.count + 1)))
  }

  private func number(of path: String, _ operation: String) throws(FileError) -> Int {
    let (directory, name) = split(path)
    guard let number = now.directories[directory]?[name] else {
      throw FileError(operation: operation, path: path, kind: .system(.noEntry))
    }
    return number
  }

  private func apply(_ change: Change, to state: inout State) {
    switch change {
    case .put(let directory, let name, let number): state.directories[directory]?[name] = number
    case .remove(let directory, let name): state.directories[directory]?[name] = nil
    case .make(let directory): state.directories[directory] = state.directories[directory] ?? [:]
    }
  }

  private func change(_ change: Change) {
    apply(change, to: &now)
    pending.append(change)
  }

  func makeDirectory(_ path: String) throws(FileError) -> Bool {
    try step("make the directory", path)
    if now.directories[path] != nil { return false }
    guard now.directories[parent(of: path)] != nil else {
      throw FileError(operation: "make the directory", path: path, kind: .system(.noEntry))
    }
    change(.make(directory: path))
    return true
  }

  func names(in directory: String) throws(FileError) -> [String] {
    guard let names = now.directories[directory] else {
      throw FileError(operation: "read", path: directory, kind: .system(.noEntry))
    }
    return Array(names.keys)
  }

  func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    now.contents[try number(of: path, "open")] ?? []
  }

  func create(_ path: String) throws(FileError) -> Int32 {
    try step("create", path)
    let (directory, name) = split(path)
    now.next += 1
    now.contents[now.next] = []
    unsynced.insert(now.next)
    change(.put(directory: directory, name: name, number: now.next))
    nextDescriptor += 1
    open[nextDescriptor] = now.next
    return nextDescriptor
  }

  func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws(FileError) -> Int {
    guard let number = open[descriptor] else { return 0 }
    // The power may fail at every byte; the kernel may take fewer than it is offered.
    let offered = bytes.prefix(100)
    guard limit != .max || !failing.isEmpty else {
      steps += offered.count
      now.contents[number]?.append(contentsOf: offered)
      return offered.count
    }
    for byte in offered {
      try step("write to", "a new file")
      now.contents[number]?.append(byte)
    }
    return offered.count
  }

  func sync(_ descriptor: Int32) throws(FileError) {
    try step("bring to the disk", "a new file")
    guard let number = open[descriptor] else { return }
    unsynced.remove(number)
    durable.contents[number] = now.contents[number]
  }

  func close(_ descriptor: Int32) { open[descriptor] = nil }

  func rename(_ path: String, to newPath: String) throws(FileError) {
    try step("rename", path)
    let number = try number(of: path, "rename")
    let (from, to) = (split(path), split(newPath))
    // In one step: no outcome has one half of it.
    apply(.remove(directory: from.directory, name: from.name), to: &now)
    apply(.put(directory: to.directory, name: to.name, number: number), to: &now)
    pending.append(.put(directory: to.directory, name: to.name, number: number))
    pending.append(.remove(directory: from.directory, name: from.name))
  }

  func link(_ path: String, to newPath: String) throws(FileError) {
    try step("link", newPath)
    let number = try number(of: path, "link")
    let (directory, name) = split(newPath)
    guard now.directories[directory]?[name] == nil else {
      throw FileError(operation: "link", path: newPath, kind: .system(.alreadyThere))
    }
    change(.put(directory: directory, name: name, number: number))
  }

  func remove(_ path: String) throws(FileError) {
    try step("remove", path)
    _ = try number(of: path, "remove")
    let (directory, name) = split(path)
    change(.remove(directory: directory, name: name))
  }

  func syncDirectory(_ path: String) throws(FileError) {
    try step("bring to the disk", path)
    // A journal keeps the order: whatever was before is there too.
    for change in pending { apply(change, to: &durable) }
    pending = []
  }

  func lock(_ path: String) throws(FileError) -> Int32 {
    let (directory, _) = split(path)
    guard now.directories[directory] != nil else {
      throw FileError(operation: "open", path: path, kind: .system(.noEntry))
    }
    return -1
  }

  /// Every disk that may be found afterwards: the first so many of the changes of names, and of every file that was not
  /// brought to the disk nothing, half, all, or as many zeros.
  func afterPowerLoss() -> [ModelDisk] {
    var outcomes: [ModelDisk] = []
    for count in 0...pending.count {
      var named = durable
      named.next = now.next
      for change in pending.prefix(count) { apply(change, to: &named) }
      let isSeen = named.directories.values.contains { $0.values.contains(where: unsynced.contains) }
      for kind in 0..<(isSeen ? 4 : 1) {
        var state = named
        for number in unsynced {
          let whole = now.contents[number] ?? []
          state.contents[number] =
            switch kind {
            case 0: []
            case 1: Array(whole.prefix(whole.count / 2))
            case 2: whole
            default: [UInt8](repeating: 0, count: whole.count)
            }
        }
        outcomes.append(ModelDisk(state))
      }
    }
    return outcomes
  }

  /// Every byte of every file, whatever its name.
  var everything: [UInt8] { now.contents.values.flatMap(\.self) }
}
