internal import Platform

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The names in a directory, without those that begin with a dot; none if there is no such directory.
func fileNames(in path: String) throws(SystemErrno) -> [String] {
  guard let directory = opendir(path) else {
    let error = SystemErrno.current
    if error == .noEntry { return [] }
    throw error
  }
  defer { closedir(directory) }
  var names: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      // d_name is an array that ends in a zero byte.
      $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names
}

func isLink(_ path: String) -> Bool {
  var status = stat()
  return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
}

/// The text of a file of sysfs, which is at most a page long, without white space at its end.
func contents(of path: String) throws(SystemErrno) -> String {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  if descriptor < 0 { throw .current }
  defer { close(descriptor) }
  var bytes = [UInt8](repeating: 0, count: 4096)
  let count = read(descriptor, &bytes, bytes.count)
  if count < 0 { throw .current }
  let text = bytes[..<count]
  let end = text.lastIndex { $0 != 0x0A && $0 != 0x20 }.map { $0 + 1 } ?? 0
  return String(decoding: text[..<end], as: UTF8.self)
}

/// Writes a text into an attribute of sysfs, at once, as the kernel expects it.
func write(_ text: String, to path: String) throws(SystemErrno) {
  // No O_CREAT: an attribute exists, and nothing else may come into being.
  let descriptor = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
  if descriptor < 0 { throw .current }
  defer { close(descriptor) }
  let bytes = Array(text.utf8)
  #if canImport(Glibc)
    let count = Glibc.write(descriptor, bytes, bytes.count)
  #elseif canImport(Musl)
    let count = Musl.write(descriptor, bytes, bytes.count)
  #endif
  if count < 0 { throw .current }
}
