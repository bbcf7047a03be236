import Testing

@testable import Motion

@Suite("A scan layout")
struct ScanLayoutTests {
  static func channel(_ id: String, _ index: Int, _ format: String) throws -> ScanChannel {
    ScanChannel(id: id, index: index, format: try #require(ScanFormat(format)))
  }

  @Test(
    "aligns each channel to its own size and pads the scan to the largest",
    arguments: [
      (["be:S16/16>>0"], [0], 2),
      (Array(repeating: "be:S16/16>>0", count: 6) + ["le:S64/64>>0"], [0, 2, 4, 6, 8, 10, 16], 24),
      (Array(repeating: "be:S16/16>>0", count: 3) + ["le:S64/64>>0"], [0, 2, 4, 8], 16),
      (["le:S8/8>>0", "le:S32/32>>0", "le:S8/8>>0", "le:S16/16>>0"], [0, 4, 8, 10], 12),
      (["le:S64/64>>0", "le:S8/8>>0"], [0, 8], 16),
      (["le:S8/8>>0", "le:S32/32X4>>0", "le:S64/64>>0"], [0, 16, 32], 48),
      (["be:S24/24>>0", "be:S24/24>>0", "le:S64/64>>0"], [0, 3, 8], 16),
    ] as [([String], [Int], Int)])
  func offsets(formats: [String], expected: [Int], size: Int) throws {
    let channels = try formats.enumerated().map { try Self.channel("c\($0.offset)", $0.offset, $0.element) }
    let layout = try ScanLayout(channels: channels.reversed())
    #expect(layout.offsets == expected)
    #expect(layout.scanSize == size)
    #expect(layout.channels.map(\.id) == channels.map(\.id))
  }

  @Test("is empty without channels")
  func empty() throws { #expect(try ScanLayout(channels: []).scanSize == 0) }

  @Test("orders by index, not by number of the channel, and allows gaps between indices")
  func order() throws {
    let layout = try ScanLayout(channels: [
      Self.channel("timestamp", 40, "le:S64/64>>0"), Self.channel("b", 7, "le:S8/8>>0"),
      Self.channel("a", 3, "le:S8/8>>0"),
    ])
    #expect(layout.channels.map(\.id) == ["a", "b", "timestamp"])
  }

  @Test("refuses two channels with one index or one name")
  func duplicates() throws {
    let error = thrown(ScanLayoutError.self) {
      try ScanLayout(channels: [Self.channel("a", 1, "le:S8/8>>0"), Self.channel("b", 1, "le:S8/8>>0")])
    }
    #expect(error?.description.contains("index 1") == true)
    #expect(throws: ScanLayoutError.self) {
      try ScanLayout(channels: [Self.channel("a", 1, "le:S8/8>>0"), Self.channel("a", 2, "le:S8/8>>0")])
    }
  }
}

@Suite("A scan decoder")
struct ScanDecoderTests {
  static func layout(_ ids: [String], _ format: String = "be:S16/16>>0") throws -> ScanLayout {
    let axes = try ids.enumerated().map { try ScanLayoutTests.channel($0.element, $0.offset, format) }
    return try ScanLayout(channels: axes + [ScanLayoutTests.channel("timestamp", ids.count, "le:S64/64>>0")])
  }
  static let six = ["accel_x", "accel_y", "accel_z", "anglvel_x", "anglvel_y", "anglvel_z"]

  @Test("flags full scale through the mount matrix: every board axis that a clipped chip axis reaches")
  func clippingThroughMount() throws {
    let swap = try #require(MountMatrix("0, 1, 0; 1, 0, 0; 0, 0, -1"))
    let tilt = try #require(MountMatrix("1, 0, 0; 0, 0.8, -0.6; 0, 0.6, 0.8"))
    let decoder = try ScanDecoder(layout: Self.layout(Self.six), accelerationMount: swap, angularVelocityMount: tilt)
    var recording = Recording()
    try decoder.decode(
      mpuScan(accel: [32_767, 2, 3], gyro: [1, 2, -32_768], timestamp: 5)
        + mpuScan(accel: [32_766, -32_767, -32_768], gyro: [32_767, 0, 0], timestamp: 6),
      into: &recording)
    #expect(recording.acceleration[0] == SIMD3(2, 32_767, -3))
    #expect(recording.clippedAcceleration == [.y, .z])
    #expect(recording.clippedAngularVelocity == [[.y, .z], .x])
    #expect(recording.angularVelocity[1] == SIMD3(32_767, 0, 0))
    #expect(recording.timestamps == [5, 6])
  }

  @Test("adds the offset before scaling")
  func offsetThenScale() throws {
    var channels = try Self.layout(Array(Self.six.prefix(3)), "be:u12/16>>4").channels
    for index in 0..<3 {
      channels[index].scale = 0.5
      channels[index].offset = -2048
    }
    let decoder = try ScanDecoder(layout: ScanLayout(channels: channels))
    var recording = Recording()
    try decoder.decode(mpuScan(accel: [0, 16, 32_752], gyro: [], timestamp: 1), into: &recording)
    #expect(recording.acceleration == [SIMD3(-1024, -1023.5, -0.5)])
    // An unsigned code has full scale at both ends: 0 is clipped, 2047 of 4095 is not.
    #expect(recording.clippedAcceleration == [.x])
    #expect(!recording.hasGyroscope)
  }

  @Test("ignores what follows the last whole scan")
  func partialScan() throws {
    let decoder = try ScanDecoder(layout: Self.layout(Self.six))
    var recording = Recording()
    try decoder.decode(mpuScans(3) + [1, 2, 3], into: &recording)
    #expect(recording.count == 3 && recording.isConsistent)
  }

  @Test(
    "refuses layouts without time stamp, with half a sensor, or with none",
    arguments: [
      (["accel_x", "accel_y", "accel_z"], false, "timestamp"), (["accel_x", "accel_z"], true, "accel_y"),
      (["anglvel_x"], true, "anglvel_y"), (["temp"], true, "neither"), ([], true, "neither"),
    ] as [([String], Bool, String)])
  func unusable(ids: [String], hasTimestamp: Bool, expected: String) throws {
    var channels = try Self.layout(ids).channels
    if !hasTimestamp { channels.removeLast() }
    let error = thrown(ScanLayoutError.self) { try ScanDecoder(layout: ScanLayout(channels: channels)) }
    #expect(error?.description.contains(expected) == true)
    #expect(error?.isMissing == true)
  }

  @Test("refuses repeated codes where one is needed, and skips them elsewhere")
  func repeated() throws {
    #expect(throws: ScanLayoutError.self) { try ScanDecoder(layout: Self.layout(Self.six, "le:S16/16X2>>0")) }
    let extra = try ScanLayoutTests.channel("rot_quaternion", 50, "le:S32/32X4>>0")
    let layout = try ScanLayout(channels: Self.layout(Self.six).channels + [extra])
    #expect(try ScanDecoder(layout: layout).layout.scanSize == 48)
  }

  @Test("refuses a time stamp that cannot be one, and says where", arguments: [Int64.max, .min, 1 << 62, -(1 << 62)])
  func implausible(stamp: Int64) throws {
    let decoder = try ScanDecoder(layout: Self.layout(Self.six))
    var recording = Recording()
    let error = thrown(ScanDecoder.ImplausibleTimestamp.self) {
      try decoder.decode(mpuScans(1) + mpuScan(accel: [0, 0, 0], gyro: [0, 0, 0], timestamp: stamp), into: &recording)
    }
    #expect(error == ScanDecoder.ImplausibleTimestamp(byteOffset: 40, value: stamp))
    #expect(recording.count == 1)
  }

  @Test("reads mount matrices as the kernel prints them, and nothing else")
  func mountMatrices() {
    #expect(MountMatrix("1, 0, 0; 0, 1, 0; 0, 0, 1") == .identity)
    #expect(MountMatrix("1,0,0;0,1,0;0,0,1\n") == .identity)
    #expect(MountMatrix("-1, 0, 0; 0, -1.0, 0; 0, 0, 1")?.apply(SIMD3(1, 2, 3)) == SIMD3(-1, -2, 3))
    for text in [
      "", "1", "1,0,0;0,1,0", "1,0;0,1", "0,0,0;0,0,0;0,0,0", "1,0,0;0,1,0;0,0,nan", "1,0,0;0,1,0;0,0,inf",
      "1,0,0;0,1,0;0,0,1;", "1,0,0,0;0,1,0;0,0,1", "3,0,0;0,1,0;0,0,1", "1e400,0,0;0,1,0;0,0,1",
      "0x1p0,0,0;0,1,0;0,0,1",
    ] { #expect(MountMatrix(text) == nil, "\(text)") }
  }
}
