import NIOCore
import NIOEmbedded
import Testing

@testable import Relay

/// Frames so small that a read has thousands of them.
@Suite("Very many frames")
struct ManyFramesTests {
  /// A masked frame without payload.
  private func frames(_ count: Int, opcode: UInt8) -> ByteBuffer {
    ByteBuffer(bytes: Array(repeating: [0x80 | opcode, 0x80, 0, 0, 0, 0], count: count).flatMap { $0 })
  }

  private func withSocket(_ body: (EmbeddedChannel) throws -> Void) throws {
    let bench = WaitingFramesTests.Bench()
    let channel = try bench.socket("/rooms/lab")
    try body(channel)
    if channel.isActive { channel.close(promise: nil) }
    try bench.eventLoop.syncShutdownGracefully()
  }

  @Test("from then on little is read at a time, so that they keep no other waiting; long reads stay for others")
  func shortReads() throws {
    try withSocket { channel in
      func allocators() -> [Any] {
        channel.options.filter { $0.option is ChannelOptions.Types.RecvAllocatorOption }.map { $0.value }
      }
      let bound = WebSocketHandler.framesPerRead
      try channel.writeInbound(frames(bound, opcode: 0xA))
      try channel.writeInbound(frames(1, opcode: 0xA))
      #expect(allocators().isEmpty)
      try channel.writeInbound(frames(bound + 1, opcode: 0x9))
      let allocator = try #require(allocators().first as? FixedSizeRecvByteBufferAllocator)
      #expect(allocator.capacity == WebSocketHandler.shortReadBytes)
    }
  }

  @Test("after the relay's close they end the connection, before its time is up")
  func afterClose() throws {
    try withSocket { channel in
      // No frame has this opcode.
      try channel.writeInbound(frames(1, opcode: 0x3))
      try channel.writeInbound(frames(WebSocketHandler.framesAwaitingClose, opcode: 0x2))
      #expect(channel.isActive)
      try channel.writeInbound(frames(1, opcode: 0x2))
      #expect(!channel.isActive)
    }
  }
}
