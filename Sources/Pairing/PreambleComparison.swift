import Motion

/// What two preambles say of each other with one of the boards as the reference, once both togetherness gates are passed.
struct PreambleComparison: Sendable {
  /// 200 Hz: what a board is compared on that has no grid of its own.
  static let usualGrid = SampleGrid(start: 0, period: 5_000_000_000)

  /// The board that is called Alice by alignment and planner; the other one is Bob to them.
  let reference: PairingRole
  let alignment: Alignment
  let planner: Planner
  /// Correlation of the whitened preambles.
  let whitenedCorrelation: Double

  /// Why the boards do not belong together.
  enum Failure: Error {
    case alignment(AlignmentError)
    /// Aligned, but not the same in detail.
    case plan(PlanFailure, Alignment)
  }

  /// Runs both gates.
  ///
  /// - Parameters:
  ///   - reference: whose preamble `first` is.
  ///   - grid: its grid.
  init(
    reference: PairingRole, _ first: Preamble, _ second: Preamble, grid: SampleGrid, rehearsal: Rehearsal?
  ) throws(Failure) {
    self.reference = reference
    do throws(AlignmentError) {
      alignment = try Alignment.solve(alice: first, bob: second)
    } catch { throw .alignment(error) }
    planner = Planner(alice: first, bob: second, alignment: alignment, grid: grid, rehearsal: rehearsal)
    do throws(PlanFailure) {
      whitenedCorrelation = try planner.checkWhitenedCorrelation()
    } catch { throw .plan(error, alignment) }
  }
}
