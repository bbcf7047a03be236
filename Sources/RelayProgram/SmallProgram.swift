import Console

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The relay without the rest: `tacc-relay`, which `tacc relay` becomes where it lies beside `tacc`.
///
/// A relay runs for months, often on the smallest machine there is, and everything else that `tacc` links would stay in
/// memory with it.
enum SmallProgram {
  static let name = "tacc-relay"

  /// Replaces this process, which must have no other thread yet, by the small program with the same arguments. Returns
  /// where this is it, or where there is none: the relay is whole in either.
  static func take() {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &path, path.count)
    guard count > 0, count < path.count else { return }
    let parts = String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
      separator: "/")
    guard let own = parts.last, own != name else { return }
    let other = "/" + (parts.dropLast() + [name[...]]).joined(separator: "/")
    // `tacc relay --port 1` becomes `tacc-relay --port 1`.
    let arguments = [other] + CommandLine.arguments.dropFirst(2)
    let pointers = arguments.map { (text: String) in strdup(text) } + [nil]
    execv(other, pointers)
    for pointer in pointers { free(pointer) }
  }
}
