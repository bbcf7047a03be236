/// What sampling needs of libiio, and nothing else: so that everything above can be tried without a sensor.
///
/// Everything but ``IIOBufferAccess/cancel`` is used by the thread that opened the context, only.
protocol IIOBackend: Sendable {
  /// Opens the context behind a URI. Blocks, for seconds if it is remote.
  func open(uri: String) throws(IIOFailure) -> any IIOContextAccess
}

/// An open context.
protocol IIOContextAccess: AnyObject {
  /// The description of devices, channels and attributes, as it was when the context was made.
  var xml: [UInt8] { get }

  /// How long any later call may block, milliseconds.
  func setTimeout(milliseconds: Int) throws(IIOFailure)

  /// The value of an attribute, without the line feed at its end.
  func read(_ attribute: IIOAttribute) throws(IIOFailure) -> String

  /// Sets an attribute.
  func write(_ value: String, to attribute: IIOAttribute) throws(IIOFailure)

  /// What the device is triggered by.
  func trigger(of device: String) throws(IIOFailure) -> IIOTrigger

  /// Sets what the device is triggered by: the identifier of a trigger, or nil for nothing.
  func setTrigger(_ trigger: String?, of device: String) throws(IIOFailure)

  /// What can be seen of the buffer of a device of this machine.
  func look(atBufferOf device: String) throws(IIOFailure) -> BufferLook

  /// Switches the buffer of a device of this machine off, unless somebody has it open; returns whether it did.
  func switchOffBuffer(of device: String) throws(IIOFailure) -> Bool

  /// Enables channels and the buffer.
  ///
  /// - Parameters:
  ///   - device: identifier of the device.
  ///   - channels: identifiers of the channels; all others are disabled.
  ///   - scans: how many scans one read returns.
  ///   - kernelBuffers: how many times as many the kernel may hold meanwhile.
  func openBuffer(
    device: String, channels: [String], scans: Int, kernelBuffers: Int
  ) throws(IIOFailure) -> any IIOBufferAccess
}

/// An enabled buffer.
protocol IIOBufferAccess: AnyObject {
  /// Waits for scans and returns them, padding included.
  func read() throws(IIOFailure) -> [UInt8]

  /// Bytes per scan of what was read last.
  var scanSize: Int { get }

  /// Ends a read that waits, and makes later ones fail. For any thread, until ``close()`` is called.
  var cancel: @Sendable () -> Void { get }

  /// Disables the buffer.
  func close()
}

/// The address of an attribute.
struct IIOAttribute: Sendable, Hashable {
  /// Identifier of the device, such as "iio:device0".
  var device: String
  /// Identifier of the input channel it belongs to; nil for one of the device.
  var channel: String?
  /// The name that libiio gives it, such as "scale".
  var name: String
  /// The name of its file in sysfs, such as "in_accel_scale".
  var filename: String
  /// Whether it belongs to the device's buffer.
  var isBuffer = false

  /// An attribute of a device.
  init(device: String, name: String) {
    self.device = device
    self.name = name
    filename = name
  }

  /// An attribute of a device's buffer.
  init(device: String, buffer name: String) {
    self.device = device
    self.name = name
    filename = "buffer/\(name)"
    isBuffer = true
  }

  /// An attribute of a channel.
  init(device: String, channel: String, name: String, filename: String) {
    self.device = device
    self.channel = channel
    self.name = name
    self.filename = filename
  }

  /// Its path below the directory of all devices.
  var path: String { "\(device)/\(filename)" }
}

/// What triggers a device.
enum IIOTrigger: Sendable, Hashable {
  /// The device does not take triggers.
  case notSupported
  /// It takes one and has none.
  case none
  /// Identifier of the trigger, such as "trigger0".
  case device(String)
  /// It has one that the context does not list.
  case unknown
}

/// A call to libiio that failed.
struct IIOFailure: Error, Sendable, Hashable {
  /// What was called.
  enum Operation: Sendable, Hashable {
    case openContext
    case setTimeout
    case readAttribute
    case writeAttribute(value: String)
    case readTrigger
    case setTrigger
    case findDevice
    case openBuffer
    case readBuffer
  }

  /// What was called.
  var operation: Operation
  /// For what: a URI, a device, the path of an attribute below the directory of all devices.
  var subject: String
  /// The error number, positive.
  var code: Int32
}
