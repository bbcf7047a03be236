import Foundation
import Transfer

/// A file that is sent. Reading a file blocks as long as the disk takes, which the one actor that does it is there for.
final class OutgoingFile {
  let path: String
  let name: String
  let size: UInt64
  private let descriptor: Int32
  private let start: stat
  /// How far it was read.
  private(set) var position: UInt64 = 0

  init(path: String) throws(CourierError) {
    self.path = path
    name = String(path.split(separator: "/").last ?? "file")
    // Without O_NONBLOCK a named pipe would wait for somebody to write to it.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .file("cannot open \(path): \(String(cString: strerror(errno)))") }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      let isDirectory = status.st_mode & S_IFMT == S_IFDIR
      throw .file(
        "\(path) is \(isDirectory ? "a directory" : "no regular file"); "
          + (isDirectory ? "pack it first (tar), or send its files one by one" : "send a file"))
    }
    start = status
    size = UInt64(status.st_size)
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
  }

  deinit { close(descriptor) }

  /// Goes to a place in the file.
  func seek(to offset: UInt64) { position = offset }

  /// The next bytes, as many as are there up to `count`.
  func read(_ count: Int) throws(CourierError) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { bytes, got in
      while got < count {
        let result = pread(descriptor, bytes.baseAddress.map { $0 + got }, count - got, off_t(position))
        if result < 0, errno == EINTR { continue }
        guard result >= 0 else { return failure = errno }
        guard result > 0 else { return }
        got += result
        position += UInt64(result)
      }
    }
    guard failure == 0 else { throw .file("cannot read \(path): \(String(cString: strerror(failure)))") }
    return bytes
  }

  /// Whether size and time of the last change are as they were at the beginning.
  var isUnchanged: Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_size == start.st_size
      && status.st_mtim.tv_sec == start.st_mtim.tv_sec && status.st_mtim.tv_nsec == start.st_mtim.tv_nsec
  }
}
