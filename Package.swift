// swift-tools-version: 6.0
import PackageDescription

// For `tacc --version`.
let commit = Context.gitInformation.map { "\($0.currentCommit.prefix(10))\($0.hasUncommittedChanges ? "+" : "")" } ?? ""

let package = Package(
  name: "tacc",
  products: [
    .executable(name: "tacc", targets: ["tacc"]),
    .executable(name: "tacc-relay", targets: ["tacc-relay"]),
    // For tools/benchmarks and tools/fuzz.
    .library(name: "Motion", targets: ["Motion"]),
    .library(name: "Pairing", targets: ["Pairing"]),
    .library(name: "Agreement", targets: ["Agreement"]),
    .library(name: "SecureChannel", targets: ["SecureChannel"]),
    .library(name: "Relay", targets: ["Relay"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.65.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.29.0"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.5.0"),
  ],
  targets: [
    // C libraries, each wrapped once and seen by one room only.
    .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    .systemLibrary(name: "CIIO", pkgConfig: "libiio", providers: [.apt(["libiio-dev"])]),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
    .target(name: "CEvdev"),
    .target(name: "CPlatform"),
    .target(name: "CProcess"),
    .target(name: "CTOML"),
    .target(name: "CVersion", cSettings: [.define("TACC_COMMIT", to: "\"\(commit)\"")]),
    .systemLibrary(name: "CGPIO", pkgConfig: "libgpiod", providers: [.apt(["libgpiod-dev"])]),

    // The core: no sockets, sensors, files or clocks but for captures on disk.
    .target(name: "Motion"),
    .target(name: "Agreement"),
    .target(name: "SecureChannel", dependencies: ["CSodium"]),
    .target(name: "Pairing", dependencies: ["Motion", "Agreement", "SecureChannel"]),
    // Two paired boards again: how they know each other, and bytes and files between them.
    .target(name: "Transfer", dependencies: ["SecureChannel"]),
    // Attacks on pairings that were run in one process, to judge what the core credits.
    .target(name: "Adversary", dependencies: ["Motion", "Agreement", "Pairing"]),

    // Linux's input devices, and threads that sleep in poll(2): what Sensors and Controls share.
    .target(name: "Platform", dependencies: ["CPlatform"]),
    .target(name: "Evdev", dependencies: ["CEvdev", "Platform"]),

    // What a program is set to, and by whom.
    .target(name: "Configuration", dependencies: ["CTOML"]),
    // What a long-running program has to do with the system: signals, the service manager, a log.
    .target(name: "Service", dependencies: ["Platform", "Configuration"]),
    // What a program has to do with its terminal: text, options, how it ends.
    .target(
      name: "Console",
      dependencies: [
        "Configuration", "CProcess", "CVersion", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // Adapters: none imports another.
    .target(name: "Sensors", dependencies: ["Motion", "CIIO", "Platform", "Evdev"]),
    .target(name: "Controls", dependencies: ["CGPIO", "Platform", "Evdev"]),
    .target(name: "RelayLink", dependencies: ["CCurl", "Platform"]),
    .target(name: "Peers", dependencies: ["SecureChannel", "Platform"]),
    .target(
      name: "Relay",
      dependencies: [
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOWebSocket", package: "swift-nio"),
        .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .target(
      name: "IIODReplay",
      dependencies: [
        "Motion",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
      ]),
    // What joins Transfer to the relay, files and pipes.
    .target(
      name: "Courier", dependencies: ["Transfer", "SecureChannel", "RelayLink", "Platform", "CPlatform", "CProcess"]),
    .target(
      name: "Agent",
      dependencies: [
        "Motion", "SecureChannel", "Pairing", "Peers", "Sensors", "Controls", "Platform", "RelayLink", "Configuration",
        "Service", "CProcess",
      ]),

    // What keeps a board from pairing, and what mends it.
    .target(name: "Doctor", dependencies: ["Motion", "Sensors", "Controls", "Evdev", "RelayLink", "Agent"]),

    // A relay as a program. No Foundation in here and in what it stands on: it would be most of the memory.
    .target(
      name: "RelayProgram",
      dependencies: [
        "Relay", "Configuration", "Service", "Console", "Platform", "CProcess",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "tacc-relay",
      dependencies: [
        "RelayProgram", "Console", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .executableTarget(
      name: "tacc",
      dependencies: [
        "Motion", "Agreement", "SecureChannel", "Pairing", "Adversary", "Sensors", "RelayLink", "RelayProgram",
        "IIODReplay", "Peers", "Agent", "Doctor", "Transfer", "Courier", "Configuration", "Service", "Console",
        "Platform",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .testTarget(name: "SecureChannelTests", dependencies: ["SecureChannel"], resources: [.copy("Fixtures")]),
    .testTarget(name: "MotionTests", dependencies: ["Motion"]),
    .testTarget(name: "AgreementTests", dependencies: ["Agreement"], resources: [.copy("Fixtures")]),
    .target(name: "SocketTestSupport", path: "Tests/SocketTestSupport"),
    .testTarget(
      name: "RelayTests",
      dependencies: [
        "Relay", "SocketTestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ], resources: [.copy("Fixtures")]),
    .testTarget(name: "ServiceTests", dependencies: ["Service", "Platform"]),
    .testTarget(
      name: "RelayProgramTests",
      dependencies: ["RelayProgram", "Relay", "Agent", "Configuration", "Service", "Console", "Platform"]),
    .testTarget(name: "SensorsTests", dependencies: ["Sensors", "Motion", "Platform", "Evdev", "EvdevTestSupport"]),
    .testTarget(
      name: "IIODReplayTests",
      dependencies: [
        "IIODReplay", "Motion", "SocketTestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    .testTarget(name: "TransferTests", dependencies: ["Transfer", "SecureChannel"]),
    // Here and in AgentTests, and nowhere else, tests see both ends of the relay's wire.
    .testTarget(
      name: "CourierTests",
      dependencies: [
        "Courier", "Transfer", "SecureChannel", "Relay", "RelayLink",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(name: "PeersTests", dependencies: ["Peers", "Pairing", "Transfer", "SecureChannel", "Platform"]),
    .testTarget(name: "RelayLinkTests", dependencies: ["RelayLink", "Platform"]),
    .target(name: "EvdevTestSupport", dependencies: ["Platform", "Evdev"], path: "Tests/EvdevTestSupport"),
    .testTarget(name: "EvdevTests", dependencies: ["Platform", "Evdev", "CEvdev", "EvdevTestSupport"]),
    .testTarget(name: "ControlsTests", dependencies: ["Controls", "Platform", "Evdev", "EvdevTestSupport"]),
    .testTarget(name: "PairingTests", dependencies: ["Pairing", "Motion", "Agreement", "SecureChannel"]),
    .testTarget(name: "DoctorTests", dependencies: ["Doctor", "Sensors", "Controls", "RelayLink"]),
    .testTarget(name: "AdversaryTests", dependencies: ["Adversary", "Pairing", "Motion", "Agreement"]),
    .testTarget(
      name: "TaccTests",
      dependencies: [
        "tacc", "Motion", "Pairing", "Adversary", "Sensors", "Agent", "Configuration", "Console", "Platform",
      ]),
    .testTarget(
      name: "AgentTests",
      dependencies: [
        "Agent", "Relay", "RelayLink", "Pairing", "Peers", "Motion", "Sensors", "Controls", "Platform", "Configuration",
        "Service",
        .product(name: "Logging", package: "swift-log"),
      ]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)

// The agent alone: no relay, no iiod-replay, and nothing of SwiftNIO, whose present versions need newer tools than
// Debian 13's swiftlang has.
if Context.environment["TACC_WITHOUT_RELAY"] == "1" {
  let relays: Set = [
    "Relay", "RelayProgram", "tacc-relay", "IIODReplay", "RelayTests", "RelayProgramTests", "IIODReplayTests",
    "AgentTests", "CourierTests", "TaccTests",
  ]
  package.targets.removeAll { relays.contains($0.name) }
  package.products.removeAll { relays.contains($0.name) }
  package.dependencies.removeAll {
    guard case .sourceControl(_, let location, _) = $0.kind else { return false }
    return location.contains("/swift-nio") || location.contains("/swift-log")
  }
  for target in package.targets where target.name == "tacc" {
    target.dependencies.removeAll {
      guard case .byNameItem(let name, _) = $0 else { return false }
      return relays.contains(name)
    }
    target.exclude = ["IIODReplay.swift"]
    target.swiftSettings = [.define("WITHOUT_RELAY")]
  }
}
