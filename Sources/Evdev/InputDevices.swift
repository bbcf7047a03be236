/// The input devices of this machine.
public struct InputDevices: Sendable {
  private let kernel: any InputKernel

  /// What there is in /dev/input.
  public struct Listing: Sendable {
    /// The devices that could be opened, in the order of their numbers.
    public var devices: [InputDeviceDescription]
    /// The others, and why.
    public var errors: [EvdevError]
  }

  /// The devices in /dev/input.
  public init() { kernel = LinuxInputKernel() }

  package init(kernel: any InputKernel) { self.kernel = kernel }

  /// Opens each /dev/input/event* once and asks what it is.
  public func list() throws(EvdevError) -> Listing {
    let names: [String]
    do { names = try kernel.nodeNames() } catch {
      throw .cannotList(directory: LinuxInputKernel.directory, error)
    }
    let numbers = names.compactMap { $0.hasPrefix("event") ? UInt32($0.dropFirst("event".count)) : nil }.sorted()
    var listing = Listing(devices: [], errors: [])
    for number in numbers {
      do {
        let device = try InputDevice(path: "\(LinuxInputKernel.directory)/event\(number)", kernel: kernel)
        listing.devices.append(device.description)
      } catch { listing.errors.append(error) }
    }
    return listing
  }

  /// Opens a device.
  ///
  /// - Parameter reference: a path, which begins with `/`, or a device's name as the kernel has it, such as `gpio-keys`.
  /// - Throws: ``EvdevError/noSuchDevice(_:available:forbidden:)``, ``EvdevError/ambiguousName(_:paths:)`` or why it
  ///   cannot be opened.
  public func open(_ reference: String) throws(EvdevError) -> InputDevice {
    if reference.hasPrefix("/") { return try InputDevice(path: reference, kernel: kernel) }
    let listing = try list()
    let matches = listing.devices.filter { $0.name == reference }
    guard let match = matches.first else {
      throw .noSuchDevice(
        reference, available: listing.devices.map { "\($0.path) (\($0.name))" }, forbidden: listing.forbiddenPaths)
    }
    guard matches.count == 1 else { throw .ambiguousName(reference, paths: matches.map(\.path)) }
    return try InputDevice(path: match.path, kernel: kernel)
  }
}

extension InputDevices.Listing {
  /// The devices that this process may not open.
  public var forbiddenPaths: [String] {
    errors.compactMap {
      if case .cannotOpen(let path, let error) = $0, error.saysForbidden { path } else { nil }
    }
  }
}
