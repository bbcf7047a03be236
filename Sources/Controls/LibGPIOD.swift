internal import CGPIO
internal import Platform

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// libgpiod 2.x, through the character devices of the kernel's GPIO interface version 2 (Linux 5.10).
struct LibGPIOD: GPIOLibrary {
  private static let directory = "/dev"

  /// The library that is linked at run time, such as `2.1.3`.
  static var version: String { String(cString: gpiod_api_version()) }

  func chipPaths() throws(SystemErrno) -> [String] {
    let numbers = try fileNames(in: Self.directory).compactMap { name in
      name.hasPrefix("gpiochip") ? UInt32(name.dropFirst("gpiochip".count)) : nil
    }
    return numbers.sorted().map { "\(Self.directory)/gpiochip\($0)" }.filter { path in
      // Links, such as the gpiochip4 of Raspberry Pi OS, would make every chip behind one appear twice.
      !isLink(path) && gpiod_is_gpiochip_device(path)
    }
  }

  func openChip(_ path: String) throws(SystemErrno) -> any GPIOChip { try LibGPIODChip(path: path) }
}

/// A `struct gpiod_chip`.
private final class LibGPIODChip: GPIOChip {
  private let chip: OpaquePointer
  let path: String
  let name: String
  let label: String
  let lineCount: Int

  init(path: String) throws(SystemErrno) {
    guard let chip = gpiod_chip_open(path) else { throw .current }
    guard let info = gpiod_chip_get_info(chip) else {
      let error = SystemErrno.current
      gpiod_chip_close(chip)
      throw error
    }
    defer { gpiod_chip_info_free(info) }
    self.chip = chip
    self.path = path
    name = String(cString: gpiod_chip_info_get_name(info))
    label = String(cString: gpiod_chip_info_get_label(info))
    lineCount = Int(gpiod_chip_info_get_num_lines(info))
  }

  deinit { gpiod_chip_close(chip) }

  func info(ofLine offset: Int) throws(SystemErrno) -> LineInfo {
    guard let offset = UInt32(exactly: offset) else { throw .invalidArgument }
    guard let info = gpiod_chip_get_line_info(chip, offset) else { throw .current }
    defer { gpiod_line_info_free(info) }
    return LineInfo(
      name: gpiod_line_info_get_name(info).map { String(cString: $0) },
      isUsed: gpiod_line_info_is_used(info),
      consumer: gpiod_line_info_get_consumer(info).map { String(cString: $0) } ?? "")
  }

  func request(
    line offset: Int, _ settings: LineSettings, consumer: String
  ) throws(SystemErrno) -> any GPIOLine {
    guard var offset = UInt32(exactly: offset) else { throw .invalidArgument }
    guard let lineSettings = gpiod_line_settings_new() else { throw .current }
    defer { gpiod_line_settings_free(lineSettings) }
    guard let lineConfiguration = gpiod_line_config_new() else { throw .current }
    defer { gpiod_line_config_free(lineConfiguration) }
    guard let requestConfiguration = gpiod_request_config_new() else { throw .current }
    defer { gpiod_request_config_free(requestConfiguration) }

    try settings.write(to: lineSettings)
    if gpiod_line_config_add_line_settings(lineConfiguration, &offset, 1, lineSettings) < 0 { throw .current }
    gpiod_request_config_set_consumer(requestConfiguration, consumer)
    guard let request = gpiod_chip_request_lines(chip, requestConfiguration, lineConfiguration) else { throw .current }
    return try LibGPIODLine(request: request, offset: offset)
  }
}

extension LineSettings {
  fileprivate func write(to settings: OpaquePointer) throws(SystemErrno) {
    func check(_ status: Int32) throws(SystemErrno) { if status < 0 { throw .current } }
    gpiod_line_settings_set_active_low(settings, isActiveLow)
    switch direction {
    case .input(let bias, let debounceMicroseconds):
      try check(gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT))
      try check(gpiod_line_settings_set_edge_detection(settings, GPIOD_LINE_EDGE_BOTH))
      try check(gpiod_line_settings_set_event_clock(settings, GPIOD_LINE_CLOCK_MONOTONIC))
      try check(gpiod_line_settings_set_bias(settings, bias.value))
      gpiod_line_settings_set_debounce_period_us(settings, debounceMicroseconds)
    case .output(let isActive):
      try check(gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT))
      try check(
        gpiod_line_settings_set_output_value(
          settings, isActive ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE))
    }
  }
}

extension LineBias {
  fileprivate var value: gpiod_line_bias {
    switch self {
    case .pullUp: GPIOD_LINE_BIAS_PULL_UP
    case .pullDown: GPIOD_LINE_BIAS_PULL_DOWN
    case .disabled: GPIOD_LINE_BIAS_DISABLED
    case .unchanged: GPIOD_LINE_BIAS_AS_IS
    }
  }
}

/// A `struct gpiod_line_request` of one line, and the buffer that edges are read into.
private final class LibGPIODLine: GPIOLine {
  /// Edges read at once; the kernel queues 16 for a line.
  private static let bufferLength = 64

  /// The library allows one thread at a time to work with each of them.
  private let objects: Locked<(request: OpaquePointer, buffer: OpaquePointer)>
  private let offset: UInt32
  let fileDescriptor: Int32

  /// Owns the request from now on, even if it throws.
  init(request: OpaquePointer, offset: UInt32) throws(SystemErrno) {
    guard let buffer = gpiod_edge_event_buffer_new(Self.bufferLength) else {
      let error = SystemErrno.current
      gpiod_line_request_release(request)
      throw error
    }
    objects = Locked((request, buffer))
    self.offset = offset
    fileDescriptor = gpiod_line_request_get_fd(request)
    // A read must never block the thread, should poll(2) have been mistaken.
    _ = fcntl(fileDescriptor, F_SETFL, fcntl(fileDescriptor, F_GETFL) | O_NONBLOCK)
  }

  deinit {
    objects.withLock { objects in
      gpiod_edge_event_buffer_free(objects.buffer)
      gpiod_line_request_release(objects.request)
    }
  }

  func readEdges() throws(SystemErrno) -> [LineEdge] {
    let result: Result<[LineEdge], SystemErrno> = objects.withLock { objects in
      let count = gpiod_line_request_read_edge_events(objects.request, objects.buffer, Self.bufferLength)
      guard count >= 0 else { return .failure(.current) }
      return .success(
        (0..<UInt(count)).compactMap { index in
          guard let event = gpiod_edge_event_buffer_get_event(objects.buffer, index) else { return nil }
          return LineEdge(
            isActive: gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE,
            nanoseconds: Int64(clamping: gpiod_edge_event_get_timestamp_ns(event)),
            sequence: gpiod_edge_event_get_line_seqno(event))
        })
    }
    switch result {
    case .success(let edges): return edges
    case .failure(.tryAgain), .failure(.interrupted): return []
    case .failure(let error): throw error
    }
  }

  func isActive() throws(SystemErrno) -> Bool {
    let result: Result<Bool, SystemErrno> = objects.withLock { objects in
      switch gpiod_line_request_get_value(objects.request, offset) {
      case GPIOD_LINE_VALUE_ACTIVE: .success(true)
      case GPIOD_LINE_VALUE_INACTIVE: .success(false)
      default: .failure(.current)
      }
    }
    return try result.get()
  }

  func setActive(_ isActive: Bool) throws(SystemErrno) {
    let error: SystemErrno? = objects.withLock { objects in
      let value = isActive ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE
      return gpiod_line_request_set_value(objects.request, offset, value) < 0 ? .current : nil
    }
    if let error { throw error }
  }
}
