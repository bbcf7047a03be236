import NIOConcurrencyHelpers
import NIOCore
import NIOSSL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a relay finds what it proves its name with.
public struct TLSFiles: Sendable, Equatable {
  /// PEM file with the certificate, then those that lead from it towards a root.
  public var certificate: String
  /// PEM file with the certificate's private key, not encrypted.
  public var key: String

  /// These two files.
  public init(certificate: String, key: String) {
    self.certificate = certificate
    self.key = key
  }
}

/// A certificate and its key, checked and ready for handshakes.
struct TLSIdentity: Sendable {
  let context: NIOSSLContext
  /// When the certificate expires, in seconds since the epoch.
  let expires: Int

  /// Reads both files.
  /// - Parameters:
  ///   - closeTime: How long a closing connection waits for the client's `close_notify`.
  ///   - now: Seconds since the epoch.
  /// - Throws: ``RelayServerError/unusableTLS(_:)`` with what to do about it.
  init(_ files: TLSFiles, closeTime: Duration, at now: Double) throws(RelayServerError) {
    try Self.checkReadable(files.certificate)
    try Self.checkReadable(files.key)
    let chain: [NIOSSLCertificate]
    do { chain = try NIOSSLCertificate.fromPEMFile(files.certificate) } catch { chain = [] }
    guard let leaf = chain.first else {
      throw .unusableTLS("\(files.certificate) holds no certificate: give a PEM file with BEGIN CERTIFICATE in it")
    }
    guard now >= Double(leaf.notValidBefore) else {
      throw .unusableTLS("the certificate in \(files.certificate) is not valid yet: check this machine's clock")
    }
    guard now < Double(leaf.notValidAfter) else {
      throw .unusableTLS("the certificate in \(files.certificate) has expired: renew it")
    }
    expires = Int(leaf.notValidAfter)
    let key = try Self.key(files.key)
    guard KeyPair.belongTogether(leaf, key) != false else { throw Self.mismatch(files) }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    // A WebSocket is opened by an upgrade that HTTP/2 does not have.
    configuration.applicationProtocols = ["http/1.1"]
    configuration.shutdownTimeout = .nanoseconds(closeTime.relayNanoseconds)
    do {
      context = try NIOSSLContext(configuration: configuration)
    } catch {
      throw Self.mismatch(files, ": \(error)")
    }
  }

  private static func mismatch(_ files: TLSFiles, _ cause: String = "") -> RelayServerError {
    .unusableTLS(
      "\(files.key) is not the key of the certificate in \(files.certificate): give the two that belong together, "
        + "the server's certificate first in its file\(cause)")
  }

  private static func key(_ path: String) throws(RelayServerError) -> NIOSSLPrivateKey {
    // Asked for only where the key is encrypted; the answer is no passphrase.
    let isEncrypted = NIOLockedValueBox(false)
    do {
      return try NIOSSLPrivateKey(file: path, format: .pem) { (use: NIOSSLPassphraseSetter<[UInt8]>) in
        isEncrypted.withLockedValue { $0 = true }
        use([])
      }
    } catch {
      throw isEncrypted.withLockedValue { $0 }
        ? .unusableTLS(
          "the key in \(path) is encrypted, and nobody is there to type its passphrase: "
            + "write it without one (openssl pkey -in \(path) -out NEW) and let only the relay's user read it")
        : .unusableTLS("\(path) holds no private key that can be used: give a PEM file with BEGIN PRIVATE KEY in it")
    }
  }

  private static func checkReadable(_ path: String) throws(RelayServerError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    let cause = errno
    guard descriptor >= 0 else { throw unreadable(path, String(cString: strerror(cause))) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw unreadable(path, "it is no regular file")
    }
    guard status.st_size <= 1 << 20 else { throw unreadable(path, "it is larger than 1 MiB") }
  }

  private static func unreadable(_ path: String, _ cause: String) -> RelayServerError {
    .unusableTLS("cannot read \(path): \(cause); give the path of a PEM file that this user may read")
  }
}
