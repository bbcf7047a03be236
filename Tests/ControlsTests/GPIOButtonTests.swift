import Platform
import Testing

@testable import Controls

@Suite("A button on a GPIO line", .timeLimit(.minutes(1))) struct GPIOButtonTests {
  private static let chips = [
    "/dev/gpiochip0": FakeGPIO.Chip(label: "pinctrl-bcm2711", names: ["GPIO16", "GPIO17"])
  ]
  private static let place = "line 1 (GPIO17) of /dev/gpiochip0 [pinctrl-bcm2711]"

  private func configuration(_ change: (inout GPIOButtonConfiguration) -> Void = { _ in }) -> GPIOButtonConfiguration {
    var configuration = GPIOButtonConfiguration(line: GPIOLineReference(line: "GPIO17"))
    change(&configuration)
    return configuration
  }

  private func input(_ bias: LineBias, _ debounce: UInt, isActiveLow: Bool = true) -> LineSettings {
    LineSettings(direction: .input(bias: bias, debounceMicroseconds: debounce), isActiveLow: isActiveLow)
  }

  @Test("The line is requested as configured, under a name that others can see")
  func request() throws {
    let library = FakeGPIO(Self.chips)
    let button = try GPIOButton(configuration(), library: library)
    #expect(
      library.requests == [
        FakeGPIO.Request(path: "/dev/gpiochip0", offset: 1, settings: input(.pullUp, 10_000), consumer: "tacc-button")
      ])
    #expect(button.place == Self.place)
    #expect(button.notes.isEmpty)
  }

  @Test("What a chip refuses is left out, and reported; the debounce is then done here")
  func refusals() throws {
    /// The notes, and the settings that were tried.
    func attempt(_ refuse: @escaping @Sendable (LineSettings) -> SystemErrno?) throws -> ([String], [LineSettings]) {
      let library = FakeGPIO(Self.chips, refuse: refuse)
      let button = try GPIOButton(configuration(), library: library)
      return (button.notes, library.requests.map(\.settings))
    }
    let debounce = try attempt {
      if case .input(_, 1...) = $0.direction { SystemErrno(code: 524) } else { nil }
    }
    #expect(debounce.0 == ["the kernel refuses to debounce the line; it is debounced here"])
    #expect(debounce.1 == [input(.pullUp, 10_000), input(.pullUp, 0)])
    let bias = try attempt {
      if case .input(.pullUp, _) = $0.direction { .invalidArgument } else { nil }
    }
    #expect(bias.0.count == 1 && bias.0.first?.contains("refuses the bias pull-up") == true)
    #expect(bias.1.last == input(.unchanged, 10_000))
    let both = try attempt {
      $0.direction == .input(bias: .unchanged, debounceMicroseconds: 0) ? nil : .invalidArgument
    }
    #expect(both.0.count == 2)
    #expect(both.1.count == 4)
  }

  @Test("If nothing helps, the error is that of the settings that were asked for")
  func refusedForGood() throws {
    let library = FakeGPIO(Self.chips) { settings in
      if case .input(.pullUp, 10_000) = settings.direction { SystemErrno(code: 524) } else { .invalidArgument }
    }
    let error = #expect(throws: ControlsError.self) { try GPIOButton(configuration(), library: library) }
    #expect(
      error
        == .gpio(
          operation: "requesting the line", line: "line 1 (GPIO17)", chip: "/dev/gpiochip0 [pinctrl-bcm2711]",
          SystemErrno(code: 524)))
    #expect(try #require(error).description.contains("ENOTSUPP"))
  }

  @Test("A line that is taken is refused at once, with the name of who has it")
  func busy() throws {
    var chips = Self.chips
    chips["/dev/gpiochip0"]?.lines[1].isUsed = true
    chips["/dev/gpiochip0"]?.lines[1].consumer = "spi0 CS1"
    let library = FakeGPIO(chips)
    let error = #expect(throws: ControlsError.self) { try GPIOButton(configuration(), library: library) }
    #expect(
      error
        == .lineInUse(
          line: "line 1 (GPIO17)", chip: "/dev/gpiochip0 [pinctrl-bcm2711]", consumer: "spi0 CS1"))
    #expect(try #require(error).description.contains("EBUSY"))
    #expect(library.requests.count == 1)
  }

  @Test("Times that cannot work are refused before the line is touched")
  func times() {
    let library = FakeGPIO(Self.chips)
    let impossible: [(inout GPIOButtonConfiguration) -> Void] = [
      { $0.debounce = .seconds(2) }, { $0.debounce = .milliseconds(-1) }, { $0.holdAfter = .zero },
      { $0.holdAfter = .seconds(1_000_000_000_000) },
    ]
    for change in impossible {
      let error = #expect(throws: ControlsError.self) { try GPIOButton(configuration(change), library: library) }
      #expect(error?.description.contains("expected") == true)
    }
    #expect(library.requests.isEmpty)
  }

  @Test("Edges become presses; one that is long enough ago is held by now")
  func events() async throws {
    let library = FakeGPIO(Self.chips)
    let button = try GPIOButton(configuration(), library: library)
    let line = try #require(library.line)
    var events = button.events().makeAsyncIterator()
    await line.waitUntilListening()
    let start = MonotonicClock.now()
    line.make([(true, start + 1), (false, start + 2)])
    #expect(await events.next() == .pressed(monotonicNanoseconds: start + 1))
    #expect(await events.next() == .released)
    line.make([(true, start + 3)])
    #expect(await events.next() == .pressed(monotonicNanoseconds: start + 3))
    line.make([(false, start + 2_000_000_003)])
    #expect(await events.next() == .held)
    #expect(await events.next() == .released)
  }

  @Test("The real clock brings the long press and the end of the bouncing, without any further edge")
  func realTime() async throws {
    let library = FakeGPIO(Self.chips) { settings in
      if case .input(_, 1...) = settings.direction { .invalidArgument } else { nil }
    }
    let button = try GPIOButton(configuration { $0.holdAfter = .milliseconds(100) }, library: library)
    let line = try #require(library.line)
    var events = button.events().makeAsyncIterator()
    await line.waitUntilListening()
    let pressed = MonotonicClock.now()
    line.make([(true, pressed - 2), (false, pressed - 1), (true, pressed)])
    #expect(await events.next() == .pressed(monotonicNanoseconds: pressed))
    #expect(MonotonicClock.now() >= pressed + 10_000_000)
    #expect(await events.next() == .held)
    #expect(MonotonicClock.now() >= pressed + 100_000_000)
  }

  @Test("Edges from before anybody listened are forgotten, and a button that is down then is not pressed")
  func stale() async throws {
    let library = FakeGPIO(Self.chips)
    let button = try GPIOButton(configuration(), library: library)
    let line = try #require(library.line)
    line.make([(true, 1), (false, 2), (true, 3)])
    var events = button.events().makeAsyncIterator()
    await line.waitUntilListening()
    let now = MonotonicClock.now()
    line.make([(false, now), (true, now + 1)])
    #expect(await events.next() == .pressed(monotonicNanoseconds: now + 1))
  }

  @Test("When the kernel's queue overflowed, the level decides")
  func overflow() throws {
    let line = FakeLine(isActive: false)
    let source = try GPIOEdgeSource(line: held(line))
    line.make([(true, 1)])
    #expect(try source.begin())
    line.make([(false, 2)])
    #expect(try source.read() == [.edge(isDown: false, nanoseconds: 2)])
    line.lose(5, isActive: true)
    line.make([(true, 9)])
    line.setLevel(false)
    #expect(try source.read() == [.edge(isDown: true, nanoseconds: 9), .level(isDown: false)])
    line.make([(true, 10)])
    #expect(try source.read() == [.edge(isDown: true, nanoseconds: 10)])
    #expect(try source.read().isEmpty)
  }

  @Test("A chip that is unplugged ends the stream with an error that says so; others name the operation")
  func gone() async throws {
    let chip = "/dev/gpiochip0 [pinctrl-bcm2711]"
    let broken = SystemErrno(code: 5)
    let cases: [(SystemErrno, ControlsError)] = [
      (.noDevice, .chipGone(line: "line 1 (GPIO17)", chip: chip)),
      (broken, .gpio(operation: "reading edges", line: "line 1 (GPIO17)", chip: chip, broken)),
    ]
    for (errno, expected) in cases {
      let library = FakeGPIO(Self.chips)
      let button = try GPIOButton(configuration(), library: library)
      let events = button.events()
      let line = try #require(library.line)
      // Before that the level would be what cannot be read.
      await line.waitUntilListening()
      line.fail(errno)
      var received: [ButtonEvent] = []
      for await event in events { received.append(event) }
      #expect(received == [.failed(expected)])
    }
  }

  @Test("One consumer at a time: a second is told so, and the button is free when the first is gone")
  func consumers() async throws {
    let library = FakeGPIO(Self.chips)
    let button = try GPIOButton(configuration(), library: library)
    let line = try #require(library.line)
    let first = Task { [events = button.events()] in
      for await _ in events {}
    }
    await line.waitUntilListening()
    var second = button.events().makeAsyncIterator()
    #expect(await second.next() == .failed(.alreadyListening(Self.place)))
    #expect(await second.next() == nil)
    first.cancel()
    await first.value
    var third = button.events().makeAsyncIterator()
    await line.waitUntilListening()
    line.make([(true, .max)])
    #expect(await third.next() == .pressed(monotonicNanoseconds: .max))
  }

  @Test("Streams that follow each other at once never read the line together, nor wait for each other for ever")
  func succession() async throws {
    let library = FakeGPIO(Self.chips)
    let button = try GPIOButton(configuration(), library: library)
    let line = try #require(library.line)
    for _ in 0..<200 {
      let consumer = Task { [events = button.events()] in
        for await _ in events {}
      }
      consumer.cancel()
      await consumer.value
    }
    var last = button.events().makeAsyncIterator()
    // The last one may not listen yet, and forgets what is older than itself.
    let presser = Task {
      var time: Int64 = 1
      while !Task.isCancelled {
        line.make([(true, time), (false, time + 1)])
        time += 2
        await Task.yield()
      }
    }
    let event = await last.next()
    presser.cancel()
    guard case .pressed = event else {
      Issue.record("unexpected \(String(describing: event))")
      return
    }
    #expect(line.greatestReaders == 1)
  }

  @Test("Closing ends the stream and releases the line; a closed button says that it is")
  func close() async throws {
    let library = FakeGPIO(Self.chips)
    let button = try GPIOButton(configuration(), library: library)
    let isReleased = { [weak line = library.line] in line == nil }
    #expect(!isReleased())
    library.forgetLines()
    let events = button.events()
    button.close()
    for await event in events { Issue.record("unexpected \(event)") }
    #expect(isReleased())
    var late = button.events().makeAsyncIterator()
    #expect(await late.next() == .failed(.closed(Self.place)))
    button.close()
  }

  @Test("The stream outlives the button, and holds the line")
  func dropped() async throws {
    let library = FakeGPIO(Self.chips)
    var button: GPIOButton? = try GPIOButton(configuration(), library: library)
    let events = try #require(button).events()
    button = nil
    #expect(button == nil)
    try #require(library.line).fail(.noDevice)
    var count = 0
    for await _ in events { count += 1 }
    #expect(count == 1)
  }

  private func held(_ line: FakeLine) throws -> HeldLine { HeldLine(line: line, lineText: "line 1", chipText: "chip") }
}
