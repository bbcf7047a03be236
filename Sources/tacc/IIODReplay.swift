import Console
import ArgumentParser
import Foundation
import IIODReplay
import Motion

struct IIODReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "iiod-replay",
    abstract: "Serve captures as if each were a sensor on the network, for clients of libiio.",
    usage: "tacc iiod-replay <capture> ... [<options>]",
    discussion: """
      Speaks the text protocol of libiio 0.x's iiod. The first capture is served on --port, each further one on the next \
      port (with --port 0 each on a free one), and a line says where.

      A capture plays from its beginning when a client opens its buffer, in real time, with stamps of this machine's \
      clock: the client's choice by current_timestamp_clock, to begin with the recorded one. Intervals, gaps and disorder \
      are as recorded. After its end the sensor falls silent (reading times out); with --loop it begins again, and that \
      seam is a jump in what is measured, not in time. A client that reads too slowly loses scans, as with the kernel.

      With --together, captures of boards that were shaken together can be paired: all begin at one instant, when each of \
      them has an open buffer; until then they deliver rest. A capture that is opened again waits for the others again. \
      Rest is the capture's own quiet beginning (up to 1.5 s), over and over at its mean rate; a capture that begins in \
      motion has none, and gets its first scan with no rotation, which is made up, and said so.

      A recording has one scale and one rate: other values are refused with EINVAL, and *_available lists only these.

      EXAMPLES:
        tacc iiod-replay --together pair/alice pair/bob
        iio_info -u ip:127.0.0.1:30431
        iio_readdev -u ip:127.0.0.1:30432 -b 20 -s 200 mpu6050 > scans

      \(HelpText.exitStatus([
        0: "Ended by SIGTERM or SIGINT.", 1: "It cannot listen, or another fault.", 2: "Bad usage or input.",
      ]))
      """)

  @Argument(help: ArgumentHelp("Capture directories or samples.json files.", valueName: "capture"))
  var captures: [String]

  @Option(help: "TCP port of the first capture; 0 lets the system choose all of them.")
  var port = 30431

  @Option(help: "Address to listen on; 0.0.0.0 or :: for all.")
  var host = "127.0.0.1"

  @Option(help: ArgumentHelp("How many times faster than recorded, 0.01 to 100.", valueName: "factor"))
  var rate = 1.0

  @Flag(help: "Begin again after the end.")
  var loop = false

  @Flag(help: "Let all captures begin at one instant, when each has an open buffer.")
  var together = false

  @Option(help: ArgumentHelp("How long to rest at least before a capture begins.", valueName: "seconds"))
  var rest = 0.0

  func run() async throws {
    var raw: [RawCapture] = []
    for path in captures {
      do { raw.append(try RawCapture.load(path: path)) } catch { throw ExitStatus.badInput("\(error)") }
    }
    var options = ReplayOptions()
    options.rate = rate
    options.loops = loop
    options.together = together
    options.restSeconds = rest
    let names = captures
    let server = IIODReplayServer(captures: raw, host: host, port: port, options: options) { notice in
      Terminal.line(Self.plain(notice.text { names[$0] }))
    }
    let endpoints: [IIODReplayServer.Endpoint]
    do {
      endpoints = try await server.start()
    } catch {
      throw error.isUserError ? ExitStatus.badInput("\(error)") : ExitStatus.fault("\(error)")
    }
    for (path, endpoint) in zip(captures, endpoints) {
      if !endpoint.hasRecordedRest {
        let rests = together || rest > 0
        Terminal.line(
          Self.plain(
            "\(path) begins in motion\(rests ? ": its rest is made up from its first scan" : "")"
              + (rest < 1 ? "; a client that looks for quiet before motion needs --rest 2" : "")))
      }
      // Written at once: whoever started this may wait for the port.
      try Terminal.output(Self.plain("\(path) on \(endpoint.uri)"))
    }
    try await withInterrupts {
      await withTaskCancellationHandler {
        await server.waitUntilClosed()
      } onCancel: {
        Task { await server.shutdown() }
      }
    }
  }

  private static func plain(_ text: String) -> String {
    // Labels come with captures: they shall not write control characters.
    let isPlain = { (scalar: Unicode.Scalar) in scalar.properties.generalCategory != .control }
    let shown = String(String.UnicodeScalarView(text.unicodeScalars.map { isPlain($0) ? $0 : "?" }))
    return "iiod-replay: \(shown)"
  }
}
