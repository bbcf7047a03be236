internal import CPlatform
import Foundation
internal import Platform
import SecureChannel
import Transfer

/// A file that is received: under a hidden name of its own in the directory where it is to be, until it is whole.
///
/// What a process that was killed left there is gone on with by the next that is offered the same name and size by the
/// same board. Writing blocks as long as the disk takes, which the one actor that does it is there for.
final class IncomingFile {
  /// After how many bytes what was written is brought to the disk, while the next as many are being written.
  private static let durableStep: UInt64 = 16 << 20

  private let directory: String
  private let name: String
  private let path: String
  private let descriptor: Int32
  private var hash = BLAKE2b()
  /// The hashes' states at the checkpoints.
  private var states: [UInt64: BLAKE2b] = [0: BLAKE2b()]
  private var count: UInt64 = 0
  /// Up to where the disk has it, or is about to.
  private var durable: UInt64 = 0
  private let flushing = DispatchQueue(label: "tacc-file-flush")
  /// An error number of what went on there.
  private let flushFailure = Locked<Int32>(0)

  /// Opens what there is of a file, or makes it.
  ///
  /// - Parameters:
  ///   - name: sanitised.
  ///   - key: who sends it, and how long it is: which unfinished file it goes on with.
  init(in directory: String, name: String, key: [UInt8]) throws(CourierError) {
    self.directory = directory
    self.name = name
    let mark = Hexadecimal.text(BLAKE2b.hash(key + Array(name.utf8)).prefix(8))
    path = "\(directory)/.\(name).\(mark).part"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw Self.failure("create", path) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw .file("\(path) is being received by another process; wait for it, or end it")
    }
  }

  deinit {
    flushing.sync {}
    close(descriptor)
  }

  /// Checks that there is room for the rest of the file.
  func reserve(_ size: UInt64) throws(CourierError) {
    var status = stat()
    var system = statvfs()
    guard fstat(descriptor, &status) == 0, fstatvfs(descriptor, &system) == 0 else {
      throw Self.failure("examine", path)
    }
    let free = UInt64(system.f_bavail) * UInt64(system.f_frsize)
    let needed = size - min(size, UInt64(status.st_size))
    guard needed <= free else {
      throw .file("\(needed) bytes are needed in \(directory), and \(free) are free")
    }
  }

  /// The parts that are there, from an earlier process, of a file of `size` bytes.
  func checkpoints(of size: UInt64) throws(CourierError) -> [Checkpoint] {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.failure("examine", path) }
    var checkpoints: [Checkpoint] = []
    var hash = BLAKE2b()
    var position: UInt64 = 0
    for offset in Checkpoint.offsets(for: min(UInt64(status.st_size), size)) {
      while position < offset {
        let bytes = try read(at: position, count: Int(min(offset - position, 256 * 1024)))
        guard !bytes.isEmpty else { return checkpoints }
        hash.update(bytes)
        position += UInt64(bytes.count)
      }
      states[offset] = hash
      checkpoints.append(Checkpoint(offset: offset, hash: hash.finalize()))
    }
    return checkpoints
  }

  /// Goes on from a checkpoint, or from the beginning.
  func truncate(to offset: UInt64) throws(CourierError) {
    guard let state = states[offset] else { throw .file("\(path) was never \(offset) bytes long") }
    guard ftruncate(descriptor, off_t(offset)) == 0 else { throw Self.failure("shorten", path) }
    hash = state
    states = [:]
    count = offset
    durable = offset
  }

  /// Adds contents at the end.
  func append(_ bytes: ArraySlice<UInt8>) throws(CourierError) {
    var rest = bytes
    while !rest.isEmpty {
      let result = rest.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(count)) }
      if result < 0, errno == EINTR { continue }
      guard result > 0 else { throw Self.failure("write to", path) }
      hash.update(rest.prefix(result))
      rest = rest.dropFirst(result)
      count += UInt64(result)
    }
    if count - durable >= Self.durableStep {
      try awaitFlush()
      flushing.async { [descriptor, flushFailure] in
        if fdatasync(descriptor) != 0 { flushFailure.withLock { [code = errno] in $0 = code } }
      }
      durable = count
    }
  }

  /// Waits until the disk has what was last given to it.
  private func awaitFlush() throws(CourierError) {
    flushing.sync {}
    errno = flushFailure.withLock { $0 }
    guard errno == 0 else { throw Self.failure("bring to the disk", path) }
  }

  /// Gives the whole file its name, or another where that is taken: nothing is ever overwritten.
  ///
  /// - Parameters:
  ///   - expected: the hash of the whole.
  ///   - takesAlternative: whether it may be "name (1)" and so on.
  /// - Returns: the name. When this returns, file and name are on the disk.
  func place(expecting expected: [UInt8], takesAlternative: Bool) throws(CourierError) -> String {
    guard hash.finalize() == expected else {
      unlink(path)
      throw .transfer(.damaged)
    }
    try awaitFlush()
    // As any program's new file, now that it is whole.
    let mask = umask(0o077)
    umask(mask)
    guard fchmod(descriptor, 0o666 & ~mask) == 0, fsync(descriptor) == 0 else {
      throw Self.failure("bring to the disk", path)
    }
    for number in 0...(takesAlternative ? 999 : 0) {
      let candidate = FileName.alternative(name, number)
      if rename(to: "\(directory)/\(candidate)") {
        try syncDirectory()
        return candidate
      }
      guard errno == EEXIST else { throw Self.failure("rename", path) }
    }
    throw .file("\(name) is there already; what was received is \(path)")
  }

  private func rename(to newPath: String) -> Bool {
    if cplatform_rename_new(path, newPath) == 0 { return true }
    guard errno == EINVAL || errno == ENOSYS else { return false }
    // A file system without it: a second name, which must be free, and away with the first.
    guard link(path, newPath) == 0 else { return false }
    unlink(path)
    return true
  }

  private func syncDirectory() throws(CourierError) {
    let opened = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard opened >= 0 else { throw Self.failure("open", directory) }
    defer { close(opened) }
    guard fsync(opened) == 0 else { throw Self.failure("bring to the disk", directory) }
  }

  private func read(at offset: UInt64, count: Int) throws(CourierError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    while true {
      let result = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
      if result < 0, errno == EINTR { continue }
      guard result >= 0 else { throw Self.failure("read", path) }
      bytes.removeLast(count - result)
      return bytes
    }
  }

  private static func failure(_ operation: String, _ path: String) -> CourierError {
    .file("cannot \(operation) \(path): \(String(cString: strerror(errno)))")
  }
}
