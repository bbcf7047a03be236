/// How a channel's values are predicted from its own past; what that leaves over is the innovation.
///
/// The predictor itself is not part of it: it follows from Alice's preamble, which both boards have, and later from cells that
/// both kept (see ``LagMoments``).
public struct InnovationModel: Sendable, Hashable {
  /// Which axis of which sensor it is for.
  public let channel: MotionChannel
  /// 1…``LagMoments/maximumOrder``: how many past values it looks at.
  public let order: Int

  /// A model; `nil` unless the order is 1…4.
  public init?(channel: MotionChannel, order: Int) {
    guard (1...LagMoments.maximumOrder).contains(order) else { return nil }
    self.channel = channel
    self.order = order
  }
}
