/// A key or button: a code of EV_KEY (linux/input-event-codes.h).
public struct KeyCode: Sendable, Hashable {
  /// The code.
  public let code: UInt16

  /// Wraps a code.
  public init(code: UInt16) { self.code = code }

  /// Reads a name such as `KEY_WPS_BUTTON` or `BTN_0`, in any case, or a number such as `529` or `0x211`; `nil` if it is
  /// none, or above KEY_MAX (0x2FF).
  public init?(_ text: String) {
    let upper = text.uppercased()
    if let code = KeyNames.codes[upper] {
      self.code = code
    } else if let code = upper.hasPrefix("0X") ? UInt16(upper.dropFirst(2), radix: 16) : UInt16(upper), code <= 0x2FF {
      self.code = code
    } else {
      return nil
    }
  }

  /// The names that are most like a text, for a message about one that is none.
  package static func names(like text: String) -> [String] { nearest(KeyNames.codes.keys.sorted(), to: text) }
}

extension KeyCode: CustomStringConvertible {
  /// The name, or `key 0x2f0` for a code without one.
  public var description: String { KeyNames.names[code] ?? "key 0x" + String(code, radix: 16) }
}

/// An absolute axis: a code of EV_ABS (linux/input-event-codes.h).
public struct AbsoluteAxis: Sendable, Hashable {
  /// The code.
  public let code: UInt16

  /// Wraps a code.
  public init(code: UInt16) { self.code = code }

  /// ABS_X; acceleration along x on a device with INPUT_PROP_ACCELEROMETER.
  public static let x = AbsoluteAxis(code: 0)
  /// ABS_Y.
  public static let y = AbsoluteAxis(code: 1)
  /// ABS_Z.
  public static let z = AbsoluteAxis(code: 2)
  /// ABS_RX; rotation about x on a device with INPUT_PROP_ACCELEROMETER.
  public static let rx = AbsoluteAxis(code: 3)
  /// ABS_RY.
  public static let ry = AbsoluteAxis(code: 4)
  /// ABS_RZ.
  public static let rz = AbsoluteAxis(code: 5)
}

extension AbsoluteAxis: CustomStringConvertible {
  /// The name of the six axes that have one here; `axis 0x10` for others.
  public var description: String {
    let names = ["ABS_X", "ABS_Y", "ABS_Z", "ABS_RX", "ABS_RY", "ABS_RZ"]
    return names.indices.contains(Int(code)) ? names[Int(code)] : "axis 0x" + String(code, radix: 16)
  }
}
