#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Whether this process may read the regular file or pipe at `path`.
func isReadableFile(_ path: String) -> Bool { access(path, R_OK) == 0 }
