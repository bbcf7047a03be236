/// Names of files that come from another board.
public enum FileName {
  /// The longest name, bytes of UTF-8: what file systems allow (255), less what is put before and after it meanwhile.
  public static let maximumCount = 200

  /// A name that is none but a name: the last part of a path, without control characters, characters that change the
  /// direction of writing, leading dots (a hidden file) or dashes (an option of many programs), or white space at its
  /// ends; what is too long is cut in the middle, so that its extension stays. "file" where nothing remains.
  public static func sanitised(_ text: String) -> String {
    let last = text.split(omittingEmptySubsequences: true) { $0 == "/" || $0 == "\\" }.last ?? ""
    var name = DeviceText.filtered(String(last), limit: .max)
    while let first = name.first, first == "." || first == "-" || first.isWhitespace { name.removeFirst() }
    while let end = name.last, end.isWhitespace || end == "." { name.removeLast() }
    guard !name.isEmpty else { return "file" }
    guard name.utf8.count > maximumCount else { return name }
    let dot = name.lastIndex(of: ".")
    let fileExtension = dot.map { String(name[$0...]) } ?? ""
    guard fileExtension.utf8.count <= 20 else { return DeviceText.filtered(name, limit: maximumCount) }
    return DeviceText.filtered(name, limit: maximumCount - fileExtension.utf8.count) + fileExtension
  }

  /// The `number`th name to try where others are taken: "a.txt", "a (1).txt", "a (2).txt", …
  public static func alternative(_ name: String, _ number: Int) -> String {
    guard number > 0 else { return name }
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "\(name) (\(number))" }
    return "\(name[..<dot]) (\(number))\(name[dot...])"
  }
}
