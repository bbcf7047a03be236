import Agreement
import Motion

/// How the key zone is cut into bits in the profile `offset`: low-passed values of some channels, on a lattice each.
struct OffsetPlan: Sendable, Hashable {
  /// One channel in use.
  struct Channel: Sendable, Hashable {
    /// Which one.
    let channel: MotionChannel
    /// Width of a cell: 2^(code/16) · 10⁻³ in SI units.
    let stepCode: Int16
    /// Bits per value.
    let bits: Int

    /// Width of a cell, SI units.
    var step: Double { SignalPlan.deviation(code: stepCode) }

    /// The quantiser in SI units; `nil` where the numbers make none.
    var quantiser: OffsetQuantiser? { OffsetQuantiser(step: step, bits: bits) }
  }

  /// Spacing and low-pass.
  let lowPass: LowPass
  /// The channels in use, gyroscope before accelerometer, x before y before z.
  let channels: [Channel]
  /// Predicted rate of bit errors after erasure, in units of 10⁻⁴, at least 5.
  let errorCode: UInt16

  /// - Returns: `nil` unless it has channels, in order and none twice, each with a valid quantiser, and an error rate of
  ///   5…2000 · 10⁻⁴.
  init?(lowPass: LowPass, channels: [Channel], errorCode: UInt16) {
    guard SignalPlan.areInOrder(channels.map(\.channel)), SignalPlan.errorCodes.contains(errorCode),
      channels.allSatisfy({ $0.quantiser != nil })
    else { return nil }
    self.lowPass = lowPass
    self.channels = channels
    self.errorCode = errorCode
  }
}

extension OffsetPlan {
  /// width ‖ number of channels ‖ for each: sensor kind ‖ axis ‖ be16(step code) ‖ bits; then be16(error code).
  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.append(UInt8(lowPass.width))
    writer.append(UInt8(channels.count))
    for channel in channels {
      writer.append(channel.channel.kind.rawValue)
      writer.append(UInt8(channel.channel.axis))
      writer.append(channel.stepCode)
      writer.append(UInt8(channel.bits))
    }
    writer.append(errorCode)
    return writer.bytes
  }

  init(decoding body: [UInt8]) throws(AbortReason) {
    var reader = ByteReader(body)
    guard let lowPass = LowPass(width: Int(try reader.read(UInt8.self))) else {
      throw .malformed("the plan's step width is none")
    }
    var channels: [Channel] = []
    for _ in 0..<(try reader.read(UInt8.self)) {
      let name = try MotionChannel(reading: &reader)
      let stepCode = try reader.read(Int16.self)
      let bits = Int(try reader.read(UInt8.self))
      guard abs(Int(stepCode)) < 1000, OffsetQuantiser.bitCounts.contains(bits) else {
        throw .malformed("a channel of the plan is out of range")
      }
      channels.append(Channel(channel: name, stepCode: stepCode, bits: bits))
    }
    let errorCode = try reader.read(UInt16.self)
    try reader.end()
    guard let plan = OffsetPlan(lowPass: lowPass, channels: channels, errorCode: errorCode) else {
      throw .malformed("the plan's numbers are out of range")
    }
    self = plan
  }
}
