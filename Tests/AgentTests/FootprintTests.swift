import Testing

@testable import Agent

/// What is given back before a long wait.
@Suite struct FootprintTests {
  @Test func onlyCodeOfFilesCounts() {
    let maps = """
      55d0c0a00000-55d0c0a21000 r--p 00000000 fe:00 1234    /usr/bin/tacc
      55d0c0a21000-55d0c0c00000 r-xp 00021000 fe:00 1234    /usr/bin/tacc with a space
      55d0c0c00000-55d0c0c10000 rw-p 00200000 fe:00 1234    /usr/bin/tacc
      7f0000000000-7f0000001000 r-xp 00000000 00:00 0
      7f0000002000-7f0000003000 rwxp 00000000 fe:00 77      /usr/lib/odd.so
      7ffd1e9e6000-7ffd1e9e8000 r-xp 00000000 00:00 0       [vdso]
      nonsense r-xp 0 0 0 /x
      """
    #expect(Footprint.codeMappings(in: maps.split(separator: "\n")) == [0x55d0_c0a2_1000..<0x55d0_c0c0_0000])
  }

  @Test func theProcessGoesOnAfterwards() {
    Footprint.shrink()
    #expect((0..<1000).map { $0 * $0 }.reduce(0, +) == 332_833_500)
  }
}
