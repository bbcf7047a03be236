extension ReplayState {
  /// The value of an attribute, or of all of a scope in libiio's packed form: of each the length as a big-endian number
  /// of 32 bits, then the value, padded to four bytes.
  func read(context: Int, device: Int, _ scope: Command.Scope, name: String?) throws(ReplayErrno) -> [UInt8] {
    if let name { return Self.stored(try value(context: context, device: device, scope, name)) }
    var packed: [UInt8] = []
    for name in try names(context: context, device: device, scope) {
      do throws(ReplayErrno) {
        let bytes = Self.stored(try value(context: context, device: device, scope, name))
        packed += Self.word(bytes.count) + bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
      } catch {
        packed += Self.word(-error.rawValue)
      }
    }
    return packed
  }

  /// Sets an attribute; `bytes` may end with a zero byte or a line end.
  mutating func write(
    context: Int, device: Int, _ scope: Command.Scope, name: String?, bytes: [UInt8]
  ) throws(ReplayErrno) {
    guard let name else { throw .unsupported }
    let trimmed = bytes.prefix { $0 != 0 }
    let end = trimmed.lastIndex { $0 != 0x0A && $0 != 0x0D && $0 != 0x20 }.map { $0 + 1 } ?? trimmed.startIndex
    guard let text = String(validating: trimmed[..<end], as: UTF8.self) else { throw .invalid }
    let isOpen = contexts[context].open[device, default: 0] > 0
    if scope == .buffer {
      guard contexts[context].model.devices[device].recorded != nil else { throw .notFound }
      switch name {
      case "watermark":
        guard let scans = Int(text), (1...limits.scansPerBlock).contains(scans) else { throw .invalid }
        guard !isOpen else { throw .busy }
        contexts[context].watermarks[device] = scans
      case "direction": throw .readOnly
      default: throw .notFound
      }
      return
    }
    switch try attribute(context: context, device: device, scope, name).rule {
    case .readOnly, .reading: throw .readOnly
    case .recorded(let value):
      guard ReplayAttribute.isSame(text, as: value) else { throw .invalid }
      guard !isOpen else { throw .busy }
    case .clock:
      guard let clock = TimestampClock(rawValue: text) else { throw .invalid }
      guard !isOpen else { throw .busy }
      contexts[context].clocks[device] = clock
    }
  }

  private func value(
    context: Int, device: Int, _ scope: Command.Scope, _ name: String
  ) throws(ReplayErrno) -> String {
    if scope == .buffer {
      guard contexts[context].model.devices[device].recorded != nil else { throw .notFound }
      switch name {
      case "watermark": return "\(contexts[context].watermarks[device] ?? 1)"
      case "direction": return "in"
      default: throw .notFound
      }
    }
    switch try attribute(context: context, device: device, scope, name).rule {
    case .recorded(let value), .readOnly(let value): return value
    case .reading(let value):
      guard contexts[context].open[device, default: 0] == 0 else { throw .busy }
      return value
    case .clock: return clock(of: device, in: context).rawValue
    }
  }

  private func names(context: Int, device: Int, _ scope: Command.Scope) throws(ReplayErrno) -> [String] {
    if scope == .buffer {
      return contexts[context].model.devices[device].recorded == nil ? [] : ContextDocument.bufferAttributes
    }
    return try attributes(context: context, device: device, scope).map(\.name)
  }

  private func attribute(
    context: Int, device: Int, _ scope: Command.Scope, _ name: String
  ) throws(ReplayErrno) -> ReplayAttribute {
    let attributes = try attributes(context: context, device: device, scope)
    guard let found = attributes.first(where: { $0.name == name }) else { throw .notFound }
    return found
  }

  private func attributes(
    context: Int, device: Int, _ scope: Command.Scope
  ) throws(ReplayErrno) -> [ReplayAttribute] {
    let served = contexts[context].model.devices[device]
    switch scope {
    case .device: return served.attributes
    case .debug, .buffer: return []
    case .channel(let id, let isOutput):
      guard !isOutput, let channel = served.channels.first(where: { $0.id == id }) else { throw .noDevice }
      return channel.attributes
    }
  }

  /// What libiio's local backend returns: the text and a zero byte.
  private static func stored(_ value: String) -> [UInt8] { Array(value.utf8) + [0] }

  private static func word(_ value: Int) -> [UInt8] {
    let word = UInt32(bitPattern: Int32(truncatingIfNeeded: value))
    return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
  }
}
