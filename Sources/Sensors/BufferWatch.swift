/// What can be seen of a buffer of this machine without disturbing whoever uses it.
struct BufferLook: Sendable, Hashable {
  /// Whether it is on: `buffer/enable`.
  var isEnabled = false
  /// Whether a process has the device, or its buffer, open.
  var isHeld = false
  /// How many scans wait in it to be read: `buffer/data_available`; nil where the kernel does not tell.
  var waiting: Int?
}

/// Tells whose a buffer is that is on.
///
/// The kernel switches nothing off when a process dies: the interrupts and the sensor's current go on. It does not keep
/// either who switched a buffer on. What it tells (Documentation/ABI/testing/sysfs-bus-iio; drivers/iio/industrialio-*.c):
///
/// - The device can be open once. A second open(2) fails with EBUSY, and changes nothing otherwise. That finds iiod and
///   other users of libiio, which keep it open for as long as they sample.
/// - Since Linux 5.11 a buffer can be open without the device, by a descriptor of its own; a read(2) of the device then
///   fails with EBUSY, even one of zero bytes, which takes nothing from the buffer.
/// - That nobody has it open at one moment says nothing, however: iio-sensor-proxy switches a buffer on, and opens,
///   empties and closes the device every 0.7 s. But what is read goes from the buffer, and `data_available` falls.
///
/// So a buffer counts as left behind only if for a time in which such a reader would have come twice nobody held it, and
/// it had scans to be read, and their number stayed as it was: full, as the kernel then drops what is new. A large
/// buffer that still fills up, an empty one, one so small that it is full again between two looks, or a kernel before
/// 4.16, which does not count, give no answer.
struct BufferWatch {
  /// Whose it is.
  enum Owner: Sendable, Hashable {
    /// It is off.
    case nobody
    /// Somebody reads it.
    case somebody
    /// Somebody who is no longer there: nobody reads it.
    case gone
    /// It cannot be told.
    case unknown
  }

  /// How long it has to stay full, ns: two rounds of iio-sensor-proxy.
  static let stillness: Int64 = 1_500_000_000
  /// How long to watch at most, ns: the kernel rounds lengths up to powers of two, so that what this program left behind,
  /// which is two seconds long, is full four seconds after it was switched on, at the latest.
  static let patience: Int64 = 6_000_000_000
  /// Time between two looks, µs.
  static let pause: UInt32 = 10_000
  /// The fewest scans that no sensor makes between two looks.
  static let fewest = 16

  private var start: Int64?
  private var still: (waiting: Int, since: Int64)?
  private var wasHeld = false

  /// Takes a look; nil if another one is needed.
  mutating func judge(_ look: BufferLook, at now: Int64) -> Owner? {
    guard look.isEnabled else { return .nobody }
    let start = start ?? now
    self.start = start
    if look.isHeld {
      // Once may be another who only looks, as this does.
      if wasHeld { return .somebody }
      wasHeld = true
      return nil
    }
    wasHeld = false
    guard let waiting = look.waiting else { return .unknown }
    if let last = still {
      if waiting < last.waiting { return .somebody }
      if waiting > last.waiting { still = (waiting, now) }
    } else {
      still = (waiting, now)
    }
    if let still, still.waiting >= Self.fewest, now - still.since >= Self.stillness { return .gone }
    return now - start >= Self.patience ? .unknown : nil
  }
}

extension IIOSession {
  /// Whose a buffer of this machine is; looks at it until that is known.
  ///
  /// - Parameter goesOn: asked before each look; once false, the answer is that it is not known.
  func owner(
    ofBuffer device: String, _ access: any IIOContextAccess, while goesOn: () -> Bool
  ) throws(IIOFailure) -> BufferWatch.Owner {
    var watch = BufferWatch()
    while goesOn() {
      if let owner = watch.judge(try access.look(atBufferOf: device), at: clock.now()) { return owner }
      clock.pause(BufferWatch.pause)
    }
    return .unknown
  }
}
