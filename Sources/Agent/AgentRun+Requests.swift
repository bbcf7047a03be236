extension AgentRun {
  /// Does what a local program asks for, and answers it or keeps it as a follower; returns whether to go on.
  mutating func answer(_ request: ControlRequest, on connection: ControlConnection) async -> Bool {
    var goOn = true
    var answer = ControlAnswer(state: machine.state, done: true)
    switch request.command {
    case .status:
      answer.version = daemon.version
      answer.room = configuration.room
      answer.last = last
      answer.done = !request.follow
      if request.follow, connection.send(answer) {
        followers.add(connection, .everything)
        return true
      }
    case .press:
      if request.follow, let number = machine.windowOfPress {
        // What follows from the press is told before anything else.
        followers.add(connection, .window(number))
        goOn = await perform(.pressed)
        // The window opens when the one under way has ended; until then there is nothing else to tell.
        if machine.state == .cancelling { connection.send(ControlAnswer(state: .cancelling)) }
        return goOn
      }
      goOn = await perform(.pressed)
      answer = ControlAnswer(state: machine.state, done: true)
      if machine.windowOfPress == nil { answer = .refusal("the agent is about to stop") }
    case .cancel:
      guard let number = machine.windowUnderWay else {
        answer.message = "no window is open"
        break
      }
      // Whoever cancels hears when that is done, so that what follows meets no remains of it.
      followers.add(connection, .end(ofWindow: number))
      return await perform(.held)
    }
    connection.send(answer)
    connection.end()
    return goOn
  }
}
