import Testing

@testable import SecureChannel

@Suite("Secret memory")
struct SecretBytesTests {
  @Test("bytes come back as they went in", arguments: [0, 1, 31, 32, 33, 4096, 100_000])
  func roundTrip(count: Int) throws {
    var random = SeededGenerator(seed: UInt64(count))
    let bytes = random.bytes(count)
    let secret = try SecretBytes(copying: bytes)
    #expect(secret.count == count)
    #expect(secret.withExposedBytes { $0 == bytes })
    #expect(secret.withUnsafeBytes { Array($0) == bytes })
  }

  @Test("moving zeroes the source")
  func moving() throws {
    var source: [UInt8] = [1, 2, 3]
    let secret = try SecretBytes(moving: &source)
    #expect(source == [0, 0, 0])
    #expect(secret.exposed == [1, 2, 3])
  }

  @Test("equality looks at length and at every byte")
  func equality() throws {
    let bytes = [UInt8](0..<32)
    let secret = try SecretBytes(copying: bytes)
    #expect(try secret == SecretBytes(copying: bytes))
    #expect(try secret != SecretBytes(copying: Array(bytes.dropLast())))
    for index in bytes.indices {
      var other = bytes
      other[index] ^= 0x80
      #expect(try secret != SecretBytes(copying: other))
    }
    #expect(try SecretBytes(copying: []) == SecretBytes(copying: []))
  }

  @Test("random secrets differ")
  func random() throws {
    let secrets = try (0..<20).map { _ in try SecretBytes.random(count: 32).exposed }
    #expect(Set(secrets).count == 20)
  }

  @Test("more memory than there is, or less than none, is an error and not a crash")
  func refused() {
    let count = Int.max / 4
    #expect(throws: CryptoError.outOfGuardedMemory(count: count)) { try SecretBytes.random(count: count) }
    #expect(throws: CryptoError.wrongLength(of: "a secret", expected: "zero or more", actual: -1)) {
      try SecretBytes.random(count: -1)
    }
  }

  @Test("a failed initialisation of libsodium is an error")
  func initialisation() throws {
    #expect(throws: CryptoError.libraryUnavailable) { try Sodium.require(initStatus: -1) }
    try Sodium.require(initStatus: 0)
    try Sodium.require(initStatus: 1)
    try Sodium.initialize()
  }

  @Test("a block that served one secret is zeroed before it serves the next")
  func zeroedOnRelease() throws {
    var reused = 0
    for _ in 0..<50 {
      let address = try {
        let secret = try SecretBytes(copying: [UInt8](repeating: 0xEE, count: 32))
        return secret.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
      }()
      var next: [SecretBytes] = []
      for _ in 0..<40 {
        let secret = try SecretBytes(count: 32) { _ in }
        if secret.withUnsafeBytes({ UInt(bitPattern: $0.baseAddress) }) == address { reused += 1 }
        #expect(secret.exposed == [UInt8](repeating: 0, count: 32))
        next.append(secret)
      }
    }
    #expect(reused > 0)
  }

  @Test("secrets made and dropped by many tasks stay apart")
  func concurrency() async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for task in 0..<8 {
        group.addTask {
          try (0..<300).allSatisfy { round in
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: task * 31 + round), count: 32)
            let secrets = try (0..<3).map { _ in try SecretBytes(copying: bytes) }
            return secrets.allSatisfy { $0.exposed == bytes }
          }
        }
      }
      for try await intact in group { #expect(intact) }
    }
  }

  @Test("wiping zeroes in place and leaves copies alone")
  func wiping() {
    var bytes: [UInt8] = [1, 2, 3]
    let copy = bytes
    wipe(&bytes)
    #expect(bytes == [0, 0, 0])
    #expect(copy == [1, 2, 3])
    var empty: [UInt8] = []
    wipe(&empty)
    #expect(empty.isEmpty)
  }

  @Test("error texts name the trouble and the remedy")
  func errorTexts() {
    let errors: [CryptoError] = [
      .libraryUnavailable, .outOfGuardedMemory(count: 7), .memoryProtectionFailed,
      .wrongLength(of: "x", expected: "1", actual: 2), .allZeroSharedSecret,
    ]
    #expect(Set(errors.map(\.description)).count == errors.count)
    for error in errors { #expect(error.description.contains(";"), "no advice in: \(error)") }
  }
}
