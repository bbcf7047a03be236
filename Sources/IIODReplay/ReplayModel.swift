import Motion

/// A capture as it is served: what clients see of its devices, and what is played.
struct ReplayModel: Sendable {
  /// A device or a trigger.
  struct Device: Sendable {
    var id: String
    var name: String?
    var label: String?
    var attributes: [ReplayAttribute]
    /// In the order of the bits of a mask: as libiio sorts them, those of a scan by their index, then the others.
    var channels: [Channel]
    var recorded: Recorded?

    var isTrigger: Bool { id.hasPrefix("trigger") }
    /// Words of 32 bits in a mask of its channels.
    var maskWords: Int { (channels.count + 31) / 32 }
  }

  /// A channel.
  struct Channel: Sendable {
    var id: String
    /// How it lies in scans; nil if it was not recorded.
    var element: ScanChannel?
    var attributes: [ReplayAttribute]
  }

  /// What is played of a device.
  struct Recorded: Sendable {
    var layout: ScanLayout
    var bytes: [UInt8]
    var timeline: Timeline
    /// How much later than the capture's first device it begins, ns.
    var shift: Int64
    var rest: RestScans
  }

  let label: String
  let contextName: String
  let contextDescription: String
  let contextAttributes: [String: String]
  let devices: [Device]
  /// Recorded time from the beginning of one pass to that of the next where playing is repeated, ns.
  let passLength: Int64
  /// Time between scans of the first recorded device, ns.
  let leadPeriod: Int64
  /// The longest time between scans of any recorded device, ns.
  let longestPeriod: Int64
  /// Whether rest is taken from the recording itself, on all its devices.
  let hasRecordedRest: Bool
  /// The context as clients get it.
  let xml: [UInt8]

  /// Devices whose clocks differ by more than this do not share one, ns.
  private static let sharedClock: Int64 = 60_000_000_000

  /// - Parameters:
  ///   - capture: what was recorded.
  ///   - rate: how much faster than recorded it is played.
  init(_ capture: RawCapture, rate: Double) {
    label = capture.label
    contextName = capture.contextName.isEmpty ? "local" : capture.contextName
    contextDescription = capture.contextDescription
    // The client adds its own address.
    contextAttributes = capture.contextAttributes.filter { $0.key != "uri" }
    let timelines = capture.devices.map { device in
      device.scans.map { Timeline(stamps: $0.recording.timestamps, nominalRate: $0.recording.nominalRate) }
    }
    let earliest = timelines.compactMap { $0?.origin }.min() ?? 0
    devices = zip(capture.devices, timelines).map { device, timeline in
      var recorded: Recorded?
      if let scans = device.scans, let timeline {
        let shift = Timeline.difference(timeline.origin, earliest)
        recorded = Recorded(
          layout: scans.layout, bytes: scans.bytes, timeline: timeline,
          shift: shift <= Self.sharedClock ? shift : 0, rest: RestScans(of: scans))
      }
      return Device(
        id: device.id, name: device.name, label: device.label,
        attributes: ReplayAttribute.attributes(of: device, rate: rate, period: timeline?.period),
        channels: Self.channels(of: device, rate: rate), recorded: recorded)
    }
    let recorded = devices.compactMap(\.recorded)
    passLength = recorded.map { $0.shift + $0.timeline.length }.max() ?? 1
    leadPeriod = recorded.first?.timeline.period ?? 1
    longestPeriod = recorded.map(\.timeline.period).max() ?? 1
    hasRecordedRest = recorded.allSatisfy(\.rest.isRecorded)
    xml = ContextDocument.xml(
      name: contextName, description: contextDescription, label: label, attributes: contextAttributes,
      devices: devices)
  }

  private static func channels(of device: RawCapture.Device, rate: Double) -> [Channel] {
    let channels = device.channels.map { channel in
      Channel(
        id: channel.id, element: device.scans?.layout.channels.first { $0.id == channel.id },
        attributes: ReplayAttribute.attributes(of: channel, in: device, rate: rate))
    }
    return channels.filter { $0.element != nil }.sorted { ($0.element?.index ?? 0) < ($1.element?.index ?? 0) }
      + channels.filter { $0.element == nil }
  }
}
