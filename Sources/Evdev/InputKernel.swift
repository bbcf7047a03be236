package import Platform

/// A question about an open input device.
package enum InputQuery: Sendable, Hashable {
  /// EVIOCGNAME.
  case name
  /// EVIOCGPHYS.
  case physicalPath
  /// EVIOCGPROP: a bit per INPUT_PROP_*.
  case properties
  /// EVIOCGBIT: a bit per code of a type.
  case eventBits(type: UInt16)
  /// EVIOCGKEY: a bit per key that is down.
  case keyState
}

/// The part of the kernel's interface that is used here, narrow enough to be played by a test with a pipe.
package protocol InputKernel: Sendable {
  /// The names of what is in /dev/input; empty if there is no such directory.
  func nodeNames() throws(SystemErrno) -> [String]
  /// Opens a device for non-blocking reads.
  func open(_ path: String) throws(SystemErrno) -> Int32
  /// Asks for bytes: a text, or bits with bit 0 in the first byte's least significant place (as the kernel's arrays of
  /// `unsigned long` lie in memory on the little-endian machines that Swift runs on).
  func ask(_ query: InputQuery, of descriptor: Int32) throws(SystemErrno) -> [UInt8]
  /// EVIOCGABS.
  func axis(_ axis: AbsoluteAxis, of descriptor: Int32) throws(SystemErrno) -> AbsoluteAxisState
  /// EVIOCSCLOCKID with CLOCK_MONOTONIC.
  func useMonotonicClock(_ descriptor: Int32) throws(SystemErrno)
}
