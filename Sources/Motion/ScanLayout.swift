/// One enabled channel of an IIO buffer.
public struct ScanChannel: Sendable, Hashable {
  /// The channel's identifier: `accel_x`, `anglvel_z`, `timestamp`, `temp`.
  public var id: String
  /// The scan index, which orders channels within a scan.
  public var index: Int
  /// How a code is stored.
  public var format: ScanFormat
  /// SI units per code.
  public var scale: Double
  /// What is added to a code before it is scaled.
  public var offset: Double

  /// Describes a channel; value = (code + offset) · scale.
  public init(id: String, index: Int, format: ScanFormat, scale: Double = 1, offset: Double = 0) {
    self.id = id
    self.index = index
    self.format = format
    self.scale = scale
    self.offset = offset
  }
}

/// Why a set of channels is no scan this code can use. The text says what was expected and what to do.
public struct ScanLayoutError: Error, CustomStringConvertible, Sendable, Hashable {
  /// The channel that is meant.
  public let channel: String
  /// Whether something is absent, rather than wrong.
  public let isMissing: Bool
  /// What was found and what was expected.
  public let problem: String
  /// What to do about it.
  public let advice: String

  /// One line: channel, problem, advice.
  public var description: String { "channel \(channel): \(problem); \(advice)" }
}

/// Where each channel lies in a scan.
///
/// Enabled channels follow each other in the order of their scan index, each aligned to its own size, and the scan is
/// padded to a multiple of the largest: what the kernel writes and libiio's `iio_device_get_sample_size` computes.
public struct ScanLayout: Sendable, Hashable {
  /// The channels in scan order.
  public let channels: [ScanChannel]
  /// Byte offset of each channel within a scan.
  public let offsets: [Int]
  /// Bytes per scan, padding included; 0 if there are no channels.
  public let scanSize: Int

  /// Lays out the enabled channels, given in any order.
  ///
  /// - Throws: `ScanLayoutError` if two channels share an index or an identifier.
  public init(channels: [ScanChannel]) throws(ScanLayoutError) {
    let sorted = channels.sorted { $0.index < $1.index }
    var names: Set<String> = []
    var offsets: [Int] = []
    var end = 0
    var largest = 1
    for (position, channel) in sorted.enumerated() {
      guard names.insert(channel.id).inserted else {
        throw ScanLayoutError(
          channel: channel.id.quotedForError, isMissing: false,
          problem: "found twice, expected one channel of that name",
          advice: "remove one of them from the context")
      }
      guard position == 0 || sorted[position - 1].index != channel.index else {
        throw ScanLayoutError(
          channel: channel.id.quotedForError, isMissing: false,
          problem: "scan index \(channel.index) is also that of \(sorted[position - 1].id.quotedForError), "
            + "expected every channel to have its own",
          advice: "correct the indices, or make the context again with iio_genxml")
      }
      let size = channel.format.byteCount
      end = Self.round(end, upTo: size)
      offsets.append(end)
      end += size
      largest = Swift.max(largest, size)
    }
    self.channels = sorted
    self.offsets = offsets
    scanSize = Self.round(end, upTo: largest)
  }

  private static func round(_ value: Int, upTo step: Int) -> Int { (value + step - 1) / step * step }
}
