import NIOCore

/// Carries a session over a socket.
///
/// Bounds memory at both ends: nothing is made for a client that does not read, and a client that sends ahead of its
/// answers is not read.
final class ConnectionHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let host: ReplayHost
  private var session: Session
  private var context: ChannelHandlerContext?
  private var timer: Scheduled<Void>?
  private var hasDeferredRead = false
  private var isGone = false
  /// Since when the client owes something.
  private var stalledSince: Int64?

  /// What may still arrive after reading was stopped: one packet, and on closing what the system had.
  private static let inputSlack = 256 << 10

  init(host: ReplayHost, session: Session) {
    self.host = host
    self.session = session
  }

  // MARK: Coming and going

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    host.add(self, on: context.eventLoop)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    leave()
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    leave()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func leave() {
    guard !isGone else { return }
    isGone = true
    timer?.cancel()
    timer = nil
    session.end(&host.state)
    host.remove(self)
    host.report()
  }

  /// Closes the connection.
  func close() { context?.close(promise: nil) }

  // MARK: Reading

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = Self.unwrapInboundIn(data)
    guard session.bufferedBytes + buffer.readableBytes <= host.state.limits.inputBytes + Self.inputSlack else {
      return close()
    }
    session.receive(buffer.readableBytesView)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    run()
    context.fireChannelReadComplete()
  }

  func read(context: ChannelHandlerContext) {
    guard mayRead(context) else {
      hasDeferredRead = true
      return
    }
    context.read()
  }

  private func mayRead(_ context: ChannelHandlerContext) -> Bool {
    context.channel.isWritable && session.bufferedBytes < host.state.limits.inputBytes
  }

  // MARK: Working

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { run() }
    context.fireChannelWritabilityChanged()
  }

  /// Does what there is to do until the client has to do something, or time has to pass.
  private func run() {
    guard !isGone, let context else { return }
    timer?.cancel()
    timer = nil
    working: while context.channel.isWritable, !isGone {
      switch session.step(at: TimestampClock.monotonic.now(), &host.state) {
      case .send(let bytes):
        stalledSince = nil
        context.write(Self.wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
      case .idle(let instant):
        if let instant { wake(at: instant, context) }
        break working
      case .finished:
        context.flush()
        context.close(promise: nil)
        break working
      }
    }
    context.flush()
    host.report()
    if hasDeferredRead, !isGone, mayRead(context) {
      hasDeferredRead = false
      context.read()
    }
  }

  private func wake(at instant: Int64, _ context: ChannelHandlerContext) {
    // At least a little later, so that nothing can turn this into a busy loop.
    let delay = max(20_000, instant - TimestampClock.monotonic.now())
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(in: .nanoseconds(delay)) { bound.value.run() }
  }

  /// Looks whether the client has owed something for too long.
  func tick(at now: Int64) {
    guard let context, !context.channel.isWritable || session.isInsideCommand else {
      stalledSince = nil
      return
    }
    let since = stalledSince ?? now
    stalledSince = since
    if Double(now - since) * 1e-9 >= host.state.limits.stallSeconds { close() }
  }
}
