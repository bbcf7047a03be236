import CAllocations
import Foundation

/// What a pairing is doing.
enum Stage: String, CaseIterable {
  case opening, waiting, preambles, shaking
  case perSecond = "  a second"
  case bits, keys, after
}

/// Processor time and allocations.
struct Cost {
  var milliseconds = 0.0
  var allocations = 0

  /// What something costs on this thread.
  static func of(_ work: () -> Void) -> Cost {
    let (time, count) = (processorSeconds(), allocations_so_far())
    work()
    return Cost(
      milliseconds: (processorSeconds() - time) * 1000, allocations: Int(allocations_so_far() - count))
  }

  static func += (cost: inout Cost, other: Cost) {
    cost.milliseconds += other.milliseconds
    cost.allocations += other.allocations
  }

  /// The median, right-aligned; "-" of nothing.
  static func median(_ values: [Double], digits: Int = 2) -> String {
    let sorted = values.sorted()
    let text = sorted.isEmpty ? "-" : String(format: "%.\(digits)f", sorted[sorted.count / 2])
    return String(repeating: " ", count: max(1, 12 - text.count)) + text
  }

  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
