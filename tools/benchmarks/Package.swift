// swift-tools-version: 6.0
import PackageDescription

// A package of its own, so that building or testing the project never builds a benchmark.
let package = Package(
  name: "benchmarks",
  dependencies: [
    .package(name: "tacc", path: "../.."),
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.5.0"),
  ],
  targets: [
    .executableTarget(
      name: "cascade-bench",
      dependencies: [
        .product(name: "Agreement", package: "tacc"),
        .product(name: "SecureChannel", package: "tacc"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(name: "CAllocations"),
    .executableTarget(
      name: "pairing-bench",
      dependencies: [
        "CAllocations",
        .product(name: "Motion", package: "tacc"),
        .product(name: "Pairing", package: "tacc"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(name: "CEpoll"),
    .executableTarget(
      name: "relay-bench", dependencies: ["CEpoll", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
  ],
  swiftLanguageModes: [.v6]
)
