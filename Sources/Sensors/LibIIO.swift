internal import CIIO
internal import Platform

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// libiio 0.x.
struct LibIIO: IIOBackend {
  func open(uri: String) throws(IIOFailure) -> any IIOContextAccess {
    // errno has the reason only where the pointer is null.
    errno = 0
    guard let context = iio_create_context_from_uri(uri) else {
      throw IIOFailure(operation: .openContext, subject: uri, code: errnoCode(of: errno))
    }
    return LibIIOContext(context)
  }
}

/// The errno in what libiio returned or left in errno, with either sign. A remote context can make it any number, the one
/// included that has no opposite.
func errnoCode(of result: Int32) -> Int32 { Int32(clamping: result.magnitude) }

/// A context of libiio. Its pointers never leave this file.
final class LibIIOContext: IIOContextAccess {
  private let context: OpaquePointer
  private let isLocal: Bool
  /// The largest value of an attribute that is read; sysfs has pages of 4096 bytes, 64 KiB on some arm64 machines.
  private static let valueLimit = 65_536

  /// Takes over a context.
  init(_ context: OpaquePointer) {
    self.context = context
    isLocal = iio_context_get_name(context).map { String(cString: $0) } == "local"
  }

  deinit { iio_context_destroy(context) }

  var xml: [UInt8] {
    guard let text = iio_context_get_xml(context) else { return [] }
    return Array(UnsafeBufferPointer(start: text, count: strlen(text))).map { UInt8(bitPattern: $0) }
  }

  func setTimeout(milliseconds: Int) throws(IIOFailure) {
    let result = iio_context_set_timeout(context, UInt32(clamping: milliseconds))
    // A context made of XML has nothing to wait for.
    guard result >= 0 || result == -ENOSYS else {
      throw IIOFailure(operation: .setTimeout, subject: "the context", code: errnoCode(of: result))
    }
  }

  func read(_ attribute: IIOAttribute) throws(IIOFailure) -> String {
    let device = try device(attribute.device)
    var buffer = [CChar](repeating: 0, count: Self.valueLimit)
    let result: Int
    if let channel = attribute.channel {
      result = iio_channel_attr_read(
        try self.channel(channel, of: device, attribute), attribute.name, &buffer, buffer.count)
    } else if attribute.isBuffer {
      result = iio_device_buffer_attr_read(device, attribute.name, &buffer, buffer.count)
    } else {
      result = iio_device_attr_read(device, attribute.name, &buffer, buffer.count)
    }
    guard result >= 0 else {
      throw IIOFailure(operation: .readAttribute, subject: attribute.path, code: Int32(clamping: -result))
    }
    let bytes = buffer.prefix(result).prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let text = String(decoding: bytes, as: UTF8.self)
    return String(text.reversed().drop { $0.isWhitespace }.reversed())
  }

  func write(_ value: String, to attribute: IIOAttribute) throws(IIOFailure) {
    let device = try device(attribute.device)
    let result: Int
    if let channel = attribute.channel {
      result = iio_channel_attr_write(try self.channel(channel, of: device, attribute), attribute.name, value)
    } else if attribute.isBuffer {
      result = iio_device_buffer_attr_write(device, attribute.name, value)
    } else {
      result = iio_device_attr_write(device, attribute.name, value)
    }
    guard result >= 0 else {
      throw IIOFailure(
        operation: .writeAttribute(value: value), subject: attribute.path, code: Int32(clamping: -result))
    }
  }

  func trigger(of device: String) throws(IIOFailure) -> IIOTrigger {
    var trigger: OpaquePointer?
    let result = iio_device_get_trigger(try self.device(device), &trigger)
    switch errnoCode(of: result) {
    case _ where result >= 0:
      guard let trigger, let id = iio_device_get_id(trigger) else { return .none }
      return .device(String(cString: id))
    case ENOENT, ENOSYS, ENODEV: return .notSupported
    // The local backend takes the empty file of a device without trigger for a failed read.
    case EIO: return .none
    case ENXIO: return .unknown
    case let code: throw IIOFailure(operation: .readTrigger, subject: "\(device)/trigger/current_trigger", code: code)
    }
  }

  func setTrigger(_ trigger: String?, of device: String) throws(IIOFailure) {
    let source: OpaquePointer? = if let trigger { try self.device(trigger) } else { nil }
    let result = iio_device_set_trigger(try self.device(device), source)
    guard result >= 0 else {
      throw IIOFailure(
        operation: .setTrigger, subject: "\(device)/trigger/current_trigger", code: errnoCode(of: result))
    }
  }

  func look(atBufferOf device: String) throws(IIOFailure) -> BufferLook {
    // A device without such an attribute has no buffer.
    guard (try? read(IIOAttribute(device: device, buffer: "enable"))) == "1" else { return BufferLook() }
    var look = BufferLook(isEnabled: true)
    if try open(device, { (_) throws(IIOFailure) in }) == nil {
      look.isHeld = true
    } else if let text = try? read(IIOAttribute(device: device, buffer: "data_available")) {
      look.waiting = Int(text)
    }
    return look
  }

  func switchOffBuffer(of device: String) throws(IIOFailure) -> Bool {
    // While the device is open nobody else can begin to use it.
    try open(device) { (_) throws(IIOFailure) in
      try write("0", to: IIOAttribute(device: device, buffer: "enable"))
    } != nil
  }

  /// Opens a device of this machine for as long as `body` takes; nil if somebody else has it, or its buffer, open.
  private func open<Value>(
    _ device: String, _ body: (Int32) throws(IIOFailure) -> Value
  ) throws(IIOFailure) -> Value? {
    let descriptor = SystemCalls.open("/dev/\(device)", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      if code == EBUSY { return nil }
      throw IIOFailure(operation: .openBuffer, subject: device, code: code)
    }
    defer { SystemCalls.close(descriptor) }
    if SystemCalls.refusesToRead(descriptor) == EBUSY { return nil }
    return try body(descriptor)
  }

  func openBuffer(
    device: String, channels: [String], scans: Int, kernelBuffers: Int
  ) throws(IIOFailure) -> any IIOBufferAccess {
    let pointer = try self.device(device)
    for index in 0..<iio_device_get_channels_count(pointer) {
      if let channel = iio_device_get_channel(pointer, index) { iio_channel_disable(channel) }
    }
    for id in channels {
      guard let channel = iio_device_find_channel(pointer, id, false) else {
        throw IIOFailure(operation: .findDevice, subject: "\(device)/\(id)", code: ENOENT)
      }
      // libiio divides by the size of a channel, and its XML does not show the one of a format that repeats no times.
      guard let format = iio_channel_get_data_format(channel)?.pointee, format.length >= 8, format.repeat >= 1 else {
        throw IIOFailure(operation: .openBuffer, subject: "\(device)/\(id)", code: EINVAL)
      }
      iio_channel_enable(channel)
    }
    // Refused by contexts that do not know the notion; they have their own.
    _ = iio_device_set_kernel_buffers_count(pointer, UInt32(clamping: kernelBuffers))
    errno = 0
    guard let buffer = iio_device_create_buffer(pointer, scans, false) else {
      throw IIOFailure(operation: .openBuffer, subject: device, code: errnoCode(of: errno))
    }
    return LibIIOBuffer(buffer, device: device, of: self)
  }

  private func device(_ id: String) throws(IIOFailure) -> OpaquePointer {
    guard let device = iio_context_find_device(context, id) else {
      throw IIOFailure(operation: .findDevice, subject: id, code: ENODEV)
    }
    return device
  }

  private func channel(
    _ id: String, of device: OpaquePointer, _ attribute: IIOAttribute
  ) throws(IIOFailure) -> OpaquePointer {
    guard let channel = iio_device_find_channel(device, id, false) else {
      throw IIOFailure(operation: .findDevice, subject: "\(attribute.device)/\(id)", code: ENOENT)
    }
    return channel
  }
}

/// A buffer of libiio.
final class LibIIOBuffer: IIOBufferAccess {
  /// Null once closed.
  private let pointer: Locked<OpaquePointer?>
  private let device: String
  /// A context must outlive its buffers.
  private let context: LibIIOContext

  fileprivate init(_ buffer: OpaquePointer, device: String, of context: LibIIOContext) {
    pointer = Locked(buffer)
    self.device = device
    self.context = context
  }

  deinit { close() }

  func read() throws(IIOFailure) -> [UInt8] {
    // Only this thread closes the buffer, so that the pointer stays valid without the lock, which a read of seconds
    // must not hold.
    guard let buffer = pointer.withLock({ $0 }) else {
      throw IIOFailure(operation: .readBuffer, subject: device, code: EBADF)
    }
    let count = iio_buffer_refill(buffer)
    guard count >= 0 else {
      throw IIOFailure(operation: .readBuffer, subject: device, code: Int32(clamping: -count))
    }
    guard let start = iio_buffer_start(buffer), let end = iio_buffer_end(buffer) else { return [] }
    return Array(UnsafeRawBufferPointer(start: start, count: max(0, min(count, end - start))))
  }

  var scanSize: Int { pointer.withLock { buffer in buffer.map { iio_buffer_step($0) } ?? 0 } }

  var cancel: @Sendable () -> Void {
    // iio_buffer_cancel is documented as thread-safe; the lock keeps it from a buffer that is being destroyed.
    { [pointer] in pointer.withLock { buffer in if let buffer { iio_buffer_cancel(buffer) } } }
  }

  func close() {
    let buffer = pointer.withLock { buffer in
      defer { buffer = nil }
      return buffer
    }
    if let buffer { iio_buffer_destroy(buffer) }
  }
}
