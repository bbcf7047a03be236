import Glibc
import Service
import Testing

/// sd_listen_fds(3).
@Suite struct ActivatedSocketTests {
  @Test func socketsComeInTheirOrderWithTheirNames() {
    let environment = ["LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "relay:metrics"]
    #expect(
      ActivatedSocket.all(environment: environment, processID: 7) == [
        ActivatedSocket(descriptor: 3, name: "relay"), ActivatedSocket(descriptor: 4, name: "metrics"),
        ActivatedSocket(descriptor: 5, name: "unknown"),
      ])
  }

  @Test(arguments: [
    [:], ["LISTEN_FDS": "1"], ["LISTEN_PID": "8", "LISTEN_FDS": "1"], ["LISTEN_PID": "7"],
    ["LISTEN_PID": "7", "LISTEN_FDS": "0"], ["LISTEN_PID": "7", "LISTEN_FDS": "-1"],
    ["LISTEN_PID": "7", "LISTEN_FDS": "2147483647"], ["LISTEN_PID": "7", "LISTEN_FDS": "many"],
  ])
  func whatIsMeantForNobodyOrAnotherIsLeftAlone(environment: [String: String]) {
    #expect(ActivatedSocket.all(environment: environment, processID: 7).isEmpty)
  }
}
