import Motion

/// The first message, in clear: who can do what. It carries no stable identifier.
struct Hello: Sendable, Equatable {
  /// The protocol version spoken here.
  static let version: UInt8 = 4
  static let nonceCount = 32
  private static let magic = ascii("TACC2")

  let role: PairingRole
  let profiles: [QuantiserProfile]
  let sensors: Set<SensorKind>
  /// The security margin this side asks for, bits; the larger of the two is used.
  let margin: UInt16
  let nonce: [UInt8]
  /// Whether this side will say who it is once the keys are confirmed, to a peer that does too.
  let offersIdentity: Bool
  /// Its place in the byte of the sensors.
  private static let identityBit: UInt8 = 0x80

  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.append(Hello.magic)
    writer.append(Hello.version)
    writer.append(role.byte)
    writer.append(UInt8(profiles.count))
    for profile in profiles { writer.append(profile.rawValue) }
    writer.append(sensors.reduce(offersIdentity ? Hello.identityBit : 0) { $0 | 1 << $1.rawValue })
    writer.append(margin)
    writer.append(nonce)
    return writer.bytes
  }

  init(
    role: PairingRole, profiles: [QuantiserProfile], sensors: Set<SensorKind>, margin: UInt16, nonce: [UInt8],
    offersIdentity: Bool = false
  ) {
    self.role = role
    self.profiles = profiles
    self.sensors = sensors
    self.margin = margin
    self.nonce = nonce
    self.offersIdentity = offersIdentity
  }

  init(decoding bytes: [UInt8]) throws(AbortReason) {
    var reader = ByteReader(bytes)
    guard try reader.read(Hello.magic.count) == Hello.magic else { throw .malformed("the greeting is not TACC's") }
    let version = try reader.read(UInt8.self)
    guard version == Hello.version else { throw .unsupportedVersion(version) }
    switch try reader.read(UInt8.self) {
    case PairingRole.alice.byte: role = .alice
    case PairingRole.bob.byte: role = .bob
    default: throw .malformed("unknown role in the greeting")
    }
    let count = Int(try reader.read(UInt8.self))
    // Profiles of later versions are unknown here and passed over.
    profiles = try reader.read(count).compactMap(QuantiserProfile.init(rawValue:))
    let mask = try reader.read(UInt8.self)
    sensors = Set(SensorKind.allCases.filter { mask >> $0.rawValue & 1 == 1 })
    offersIdentity = mask & Hello.identityBit != 0
    margin = try reader.read(UInt16.self)
    guard PairingConfiguration.margins.contains(Int(margin)) else { throw .malformed("a margin of \(margin) bits") }
    nonce = try reader.read(Hello.nonceCount)
    try reader.end()
  }
}

/// How values become bits; the highest profile that both sides permit is used.
public enum QuantiserProfile: UInt8, Sendable, Hashable, CaseIterable, Comparable {
  /// Gray-coded equiprobable cells with a guard about every threshold.
  case `guard` = 1
  /// Low-passed values on a lattice, with the position inside the cell published.
  case offset = 2

  /// What it is called in configurations and reports.
  public var name: String {
    switch self {
    case .guard: "guard"
    case .offset: "offset"
    }
  }

  /// The profile of a name.
  public init?(name: String) {
    guard let profile = QuantiserProfile.allCases.first(where: { $0.name == name }) else { return nil }
    self = profile
  }

  /// By rank.
  public static func < (a: QuantiserProfile, b: QuantiserProfile) -> Bool { a.rawValue < b.rawValue }
}
