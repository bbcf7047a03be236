import NIOConcurrencyHelpers
import NIOCore

/// A WebSocket connection as its session knows it: something to send to, from any thread.
final class Connection: Sendable, Equatable {
  enum Delivery: Sendable {
    /// A finished WebSocket frame.
    case frame(ByteBuffer)
    /// The same, with a message of the other side in it that had been read whole at this time, in monotonic nanoseconds.
    case relayed(ByteBuffer, read: Int64)
    case close(CloseReason)
    /// The client has to close; it is closed with this reason where it does not do so soon.
    case awaitClose(CloseReason)
  }

  private let eventLoop: any EventLoop
  private let handler: NIOLoopBoundBox<WebSocketHandler?>
  /// What other event loops have for this one. They wake it only for the first piece of a batch.
  private let mailbox = NIOLockedValueBox<[Delivery]>([])

  /// To be made on the event loop of `handler`.
  init(_ handler: WebSocketHandler, eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
    self.handler = NIOLoopBoundBox(handler, eventLoop: eventLoop)
  }

  static func == (left: Connection, right: Connection) -> Bool { left === right }

  /// Hands over one piece. Pieces from one thread arrive in order.
  func deliver(_ delivery: Delivery) {
    if eventLoop.inEventLoop {
      handler.value?.take(delivery)
    } else {
      let isFirst = mailbox.withLockedValue { mailbox in
        mailbox.append(delivery)
        return mailbox.count == 1
      }
      if isFirst { eventLoop.execute { self.drain() } }
    }
  }

  /// The connection is closed; whatever still comes for it is dropped. To be called on its event loop.
  func detach() {
    handler.value = nil
  }

  private func drain() {
    let deliveries = mailbox.withLockedValue { mailbox in
      defer { mailbox = [] }
      return mailbox
    }
    guard let handler = handler.value else { return }
    for delivery in deliveries { handler.take(delivery) }
    handler.flushLoop()
  }
}
