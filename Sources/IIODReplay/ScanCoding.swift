import Motion

extension ScanFormat {
  /// Stores a code in the bytes of a buffer, in place of what is there; false if it does not fit there.
  func encode(_ code: Int64, into bytes: inout [UInt8], at start: Int) -> Bool {
    let width = storageBits / 8
    guard width <= 8, start >= 0, start + width <= bytes.count else { return false }
    let mask: UInt64 = bits >= 64 ? .max : (1 << UInt64(bits)) - 1
    // A fully defined code has its sign in the bits above it, too.
    let value = isFullyDefined ? UInt64(bitPattern: code) : UInt64(bitPattern: code) & mask
    let word = value << UInt64(shift)
    for index in 0..<width {
      bytes[isBigEndian ? start + width - 1 - index : start + index] = UInt8(
        truncatingIfNeeded: word >> UInt64(8 * index))
    }
    return true
  }
}

/// Turns recorded scans into scans of fewer channels, laid out as the kernel lays out what is enabled, with new stamps.
struct ScanPacker: Sendable {
  /// Bytes of a scan that comes out.
  let scanSize: Int
  private var copies: [(from: Int, to: Int, count: Int)] = []
  private var stamp: (format: ScanFormat, at: Int)?

  /// - Parameters:
  ///   - channels: what is enabled, some of the recorded channels.
  ///   - recorded: the layout of the scans that go in.
  /// - Returns: nil without channels, or if one of them was not recorded.
  init?(channels: [ScanChannel], recorded: ScanLayout) {
    guard !channels.isEmpty, let layout = try? ScanLayout(channels: channels) else { return nil }
    scanSize = layout.scanSize
    for (channel, offset) in zip(layout.channels, layout.offsets) {
      guard let position = recorded.channels.firstIndex(where: { $0.id == channel.id }) else { return nil }
      copies.append((recorded.offsets[position], offset, channel.format.byteCount))
      if channel.id == "timestamp" { stamp = (channel.format, offset) }
    }
  }

  /// Appends one scan.
  ///
  /// - Parameters:
  ///   - scans: recorded scans.
  ///   - start: where in them the scan begins.
  ///   - time: its new stamp, ns.
  ///   - output: gets `scanSize` bytes.
  func pack(_ scans: [UInt8], at start: Int, stamp time: Int64, into output: inout [UInt8]) {
    let base = output.count
    output.append(contentsOf: repeatElement(0, count: scanSize))
    for copy in copies {
      for byte in 0..<copy.count where start + copy.from + byte < scans.count {
        output[base + copy.to + byte] = scans[start + copy.from + byte]
      }
    }
    if let stamp { _ = stamp.format.encode(time, into: &output, at: base + stamp.at) }
  }
}
