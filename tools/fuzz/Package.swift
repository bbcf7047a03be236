// swift-tools-version: 6.0
import PackageDescription

// A package of its own, so that building or testing the project never builds a fuzzer. See README.md for the flags.
let nio: [Target.Dependency] = ["NIOCore", "NIOEmbedded", "NIOHTTP1", "NIOWebSocket"].map {
  .product(name: $0, package: "swift-nio")
}
let package = Package(
  name: "fuzz",
  dependencies: [
    .package(name: "tacc", path: "../.."),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.65.0"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.5.0"),
  ],
  targets: [
    .target(name: "CFuzzer"),
    .target(
      name: "FuzzSupport",
      dependencies: [
        "CFuzzer", .product(name: "Relay", package: "tacc"), .product(name: "Logging", package: "swift-log"),
      ] + nio),
    .executableTarget(name: "fuzz-http", dependencies: ["FuzzSupport"]),
    .executableTarget(name: "fuzz-frames", dependencies: ["FuzzSupport"]),
    .executableTarget(
      name: "fuzz-envelope", dependencies: ["FuzzSupport", .product(name: "Relay", package: "tacc")]),
  ],
  swiftLanguageModes: [.v6]
)
