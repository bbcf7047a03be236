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

  @Test("from then on little is read at a time, so that they keep no other waiting; long reads stay for others")
  func shortReads() throws {
    let bench = WaitingFramesTests.Bench()
    let channel = try bench.socket("/rooms/lab")
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
    if channel.isActive { channel.close(promise: nil) }
    try bench.eventLoop.syncShutdownGracefully()
  }
}
