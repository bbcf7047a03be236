import Pairing
import Testing

@testable import Agent

/// One press, one window, one deadline, and back to waiting.
@Suite struct AgentMachineTests {
  private var machine = AgentMachine(windowSeconds: 60)

  private func at(_ seconds: Double) -> PairingInstant { PairingInstant(nanoseconds: Int64(seconds * 1e9)) }

  private let failed = WindowSummary(paired: false, code: "not-shaken-together", message: "no")
  private let paired = WindowSummary(paired: true, code: "paired", message: "PAIRED", sas: "123456")

  @Test mutating func aPressOpensAWindowAndAKeyEndsIt() {
    #expect(machine.deadline == nil)
    #expect(machine.handle(.pressed, at: at(1)) == [.openWindow(number: 1), .changed(.windowOpen), .show(.windowOpen)])
    #expect(machine.deadline == at(61))
    #expect(machine.handle(.matched, at: at(2)) == [.changed(.matched), .show(.windowOpen)])
    #expect(machine.handle(.progress(.shaking), at: at(3)) == [.changed(.shaking(0)), .show(.shaking(progress: 0))])
    #expect(
      machine.handle(.progress(.collecting(kept: 500, needed: 2000)), at: at(5))
        == [.changed(.shaking(0.25)), .show(.shaking(progress: 0.25))])
    #expect(machine.handle(.progress(.reconciling), at: at(9)).first == .changed(.reconciling))
    var told = paired
    told.seconds = 9
    #expect(
      machine.handle(.windowEnded(paired), at: at(10)) == [.show(.paired), .ended(told, window: 1), .changed(.waiting)])
    #expect(machine.deadline == nil)
  }

  @Test mutating func anotherPressDoesNotOpenAnotherWindow() {
    _ = machine.handle(.pressed, at: at(0))
    #expect(machine.handle(.pressed, at: at(1)).isEmpty)
    #expect(machine.deadline == at(60))
  }

  @Test mutating func aWindowNobodyJoinsEndsAtItsDeadline() {
    _ = machine.handle(.pressed, at: at(0))
    #expect(machine.handle(.tick, at: at(59.9)).isEmpty)
    #expect(machine.handle(.tick, at: at(60)) == [.cancelWindow, .changed(.cancelling)])
    let actions = machine.handle(.windowEnded(failed), at: at(60.1))
    guard case .ended(let summary, window: 1)? = actions.dropFirst().first else {
      Issue.record("\(actions)")
      return
    }
    #expect(summary.code == "no-partner")
    #expect(actions.first == .show(.aborted))
    #expect(actions.last == .changed(.waiting))
  }

  @Test mutating func aWindowInWhichNobodyShakesEndsAtItsDeadline() {
    _ = machine.handle(.pressed, at: at(0))
    _ = machine.handle(.matched, at: at(1))
    _ = machine.handle(.progress(.waitingForShake), at: at(1))
    #expect(machine.handle(.tick, at: at(60)) == [.cancelWindow, .changed(.cancelling)])
    #expect(machine.handle(.windowEnded(failed), at: at(60)).contains { $0.code == "window-closed" })
  }

  @Test mutating func aShakeUnderWayMayBeFinishedButNotForEver() {
    _ = machine.handle(.pressed, at: at(0))
    _ = machine.handle(.matched, at: at(1))
    _ = machine.handle(.progress(.shaking), at: at(58))
    #expect(machine.handle(.tick, at: at(60)).isEmpty)
    #expect(machine.deadline == at(60 + AgentMachine.graceSeconds))
    #expect(machine.handle(.tick, at: at(60 + AgentMachine.graceSeconds)) == [.cancelWindow, .changed(.cancelling)])
  }

  @Test mutating func anAttemptThatFailsLeavesTheWindowOpen() {
    _ = machine.handle(.pressed, at: at(0))
    _ = machine.handle(.matched, at: at(1))
    _ = machine.handle(.progress(.shaking), at: at(2))
    #expect(
      machine.handle(.retrying(code: "not-shaken-together", message: "no"), at: at(5)) == [
        .attemptFailed(code: "not-shaken-together", message: "no"), .changed(.windowOpen), .show(.windowOpen),
      ])
    // The shake is over, so the window's own deadline holds again.
    #expect(machine.deadline == at(60))
  }

  @Test mutating func aLongPressCancels() {
    _ = machine.handle(.pressed, at: at(0))
    #expect(machine.handle(.held, at: at(2)) == [.cancelWindow, .changed(.cancelling)])
    #expect(machine.handle(.held, at: at(2)).isEmpty)
    #expect(machine.handle(.windowEnded(failed), at: at(2.1)).contains { $0.code == "cancelled" })
    #expect(machine.handle(.held, at: at(3)).isEmpty)
  }

  @Test mutating func aKeyThatWasMadeBeforeTheCancellationArrivedCounts() {
    _ = machine.handle(.pressed, at: at(0))
    _ = machine.handle(.held, at: at(2))
    #expect(machine.handle(.windowEnded(paired), at: at(2.1)).contains { $0.code == "paired" })
  }

  @Test mutating func aPressWhileAWindowIsBeingCancelledOpensTheNext() {
    _ = machine.handle(.pressed, at: at(0))
    _ = machine.handle(.held, at: at(2))
    #expect(machine.handle(.pressed, at: at(2.1)).isEmpty)
    let actions = machine.handle(.windowEnded(failed), at: at(2.2))
    #expect(actions.contains(.openWindow(number: 2)))
    #expect(machine.deadline == at(62.2))
  }

  @Test mutating func aLongPressTakesBackThePressBeforeIt() {
    _ = machine.handle(.pressed, at: at(0))
    _ = machine.handle(.held, at: at(2))
    _ = machine.handle(.pressed, at: at(2.1))
    // Whoever waits for that window hears that it will not come.
    let withdrawn = machine.handle(.held, at: at(2.15))
    guard case .pressWithdrawn(let summary, window: 2)? = withdrawn.first, withdrawn.count == 1 else {
      Issue.record("\(withdrawn)")
      return
    }
    #expect(summary.code == "cancelled")
    #expect(!machine.handle(.windowEnded(failed), at: at(2.2)).contains(.openWindow(number: 2)))
  }

  @Test mutating func aPressBelongsToTheWindowUnderWayOrToTheNext() {
    #expect(machine.windowUnderWay == nil && machine.windowOfPress == 1)
    _ = machine.handle(.pressed, at: at(0))
    #expect(machine.windowUnderWay == 1 && machine.windowOfPress == 1)
    _ = machine.handle(.held, at: at(2))
    #expect(machine.state == .cancelling && machine.windowUnderWay == 1 && machine.windowOfPress == 2)
    _ = machine.handle(.pressed, at: at(2.1))
    _ = machine.handle(.windowEnded(failed), at: at(2.2))
    #expect(machine.windowUnderWay == 2 && machine.windowOfPress == 2)
    _ = machine.handle(.terminate, at: at(3))
    #expect(machine.windowOfPress == nil)
  }

  @Test mutating func aNewLengthHoldsFromTheNextWindowOn() {
    _ = machine.handle(.pressed, at: at(0))
    machine.windowSeconds = 10
    #expect(machine.deadline == at(60))
    _ = machine.handle(.windowEnded(failed), at: at(5))
    _ = machine.handle(.pressed, at: at(6))
    #expect(machine.deadline == at(16))
  }

  @Test mutating func lateNewsOfAWindowThatIsOverChangesNothing() {
    _ = machine.handle(.pressed, at: at(0))
    _ = machine.handle(.windowEnded(failed), at: at(1))
    for event: AgentMachine.Event in [
      .matched, .progress(.shaking), .retrying(code: "x", message: "x"), .windowEnded(paired), .tick,
    ] {
      #expect(machine.handle(event, at: at(2)).isEmpty)
    }
    #expect(machine.state == .waiting)
  }

  @Test mutating func terminatingWhileWaitingEndsAtOnce() {
    #expect(machine.handle(.terminate, at: at(0)) == [.show(.off), .exit])
    #expect(machine.handle(.pressed, at: at(1)).isEmpty)
  }

  @Test mutating func terminatingInAWindowEndsTheWindowFirst() {
    _ = machine.handle(.pressed, at: at(0))
    #expect(machine.handle(.terminate, at: at(1)) == [.cancelWindow, .changed(.cancelling)])
    let actions = machine.handle(.windowEnded(failed), at: at(1.1))
    #expect(actions.suffix(2) == [.show(.off), .exit])
    #expect(actions.contains { $0.code == "stopped" })
  }
}

extension AgentMachine.Action {
  /// The code of an ending.
  fileprivate var code: String? {
    if case .ended(let summary, _) = self { return summary.code }
    return nil
  }
}
