/// Remembers codes that were given out, so that none is given out again.
///
/// Memory is bounded by two generations: when the younger is full the older is dropped. So at least the last
/// `generation` codes are never repeated, and an older one only by the chance that its random bits are drawn again.
struct UsedCodes: Sendable {
  private let generation: Int
  private var younger: Set<SessionCode> = []
  private var older: Set<SessionCode> = []

  init(generation: Int = 1 << 20) {
    self.generation = max(1, generation)
  }

  func contains(_ code: SessionCode) -> Bool {
    younger.contains(code) || older.contains(code)
  }

  mutating func insert(_ code: SessionCode) {
    if younger.count >= generation {
      older = younger
      younger = []
    }
    younger.insert(code)
  }
}
