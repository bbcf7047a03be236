import Testing

/// Tests with sockets and real time. They run one after the other: many relays at once on a busy machine would make
/// the few deadlines in them a matter of luck.
@Suite("Over the network", .serialized, .timeLimit(.minutes(5)))
enum OverTheNetwork {}
