internal import CSodium

/// Whether two byte strings are the same, in a time that depends only on their lengths, which are taken as public.
///
/// For tags, commitments and anything an adversary could otherwise guess byte by byte.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  guard left.count == right.count else { return false }
  return sodium_memcmp(left, right, left.count) == 0
}
