internal import CTOML

/// `key = value` in a table of a TOML file.
struct TOMLEntry {
  /// The table; `nil` for what stands beside the tables.
  let table: String?
  let key: String
  /// `nil` for what no setting can be.
  let value: SettingValue?
  /// What it is, in words.
  let kind: String

  /// All of a document, tables and keys in order of their names.
  ///
  /// - Parameters:
  ///   - document: UTF-8.
  ///   - path: for the error.
  static func all(in document: [UInt8], path: String) throws(ConfigurationError) -> [TOMLEntry] {
    var entries: [TOMLEntry] = []
    var error = ctoml_error()
    let isRead = document.withUnsafeBufferPointer { bytes in
      withUnsafeMutablePointer(to: &entries) { entries in
        bytes.withMemoryRebound(to: CChar.self) { characters in
          // The pointer of an empty array may be none.
          guard let start = characters.baseAddress else { return true }
          return ctoml_read(
            start, characters.count, entries,
            { context, entry in
              context?.assumingMemoryBound(to: [TOMLEntry].self).pointee.append(TOMLEntry(entry.pointee))
              return true
            }, &error)
        }
      }
    }
    guard isRead else {
      throw .malformed(path: path, line: error.line == 0 ? nil : Int(error.line), reason: shown(message(of: error)))
    }
    return entries
  }

  private init(_ entry: ctoml_entry) {
    table = entry.has_table ? TOMLEntry.text(entry.table) : nil
    key = TOMLEntry.text(entry.key)
    let texts = UnsafeBufferPointer(start: entry.texts, count: entry.text_count).map(TOMLEntry.text)
    value =
      switch entry.kind {
      case ctoml_text: texts.first.map(SettingValue.string)
      case ctoml_integer: .integer(Int(entry.integer))
      case ctoml_number: .number(entry.number)
      case ctoml_boolean: .boolean(entry.boolean)
      case ctoml_texts: .list(texts)
      default: nil
      }
    kind = value?.kind ?? texts.first ?? "something else"
  }

  private static func text(_ string: ctoml_string) -> String {
    string.start.map { start in
      start.withMemoryRebound(to: UInt8.self, capacity: string.count) {
        String(decoding: UnsafeBufferPointer(start: $0, count: string.count), as: UTF8.self)
      }
    } ?? ""
  }

  private static func message(of error: ctoml_error) -> String {
    withUnsafeBytes(of: error.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
