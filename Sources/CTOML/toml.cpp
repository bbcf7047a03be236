#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "CTOML.h"

namespace {

ctoml_string string(std::string_view text) { return {text.data(), text.size()}; }

void describe(ctoml_error &error, std::string_view message, uint32_t line) {
  error.line = line;
  const size_t count = std::min(message.size(), sizeof error.message - 1);
  std::memcpy(error.message, message.data(), count);
  error.message[count] = 0;
}

const char *name(const toml::node &node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list of other things";
    case toml::node_type::date: return "a date";
    case toml::node_type::time: return "a time";
    case toml::node_type::date_time: return "a date with a time";
    default: return "something else";
  }
}

bool tell(const ctoml_string *table, std::string_view key, const toml::node &node, void *context,
          bool (*take)(void *, const ctoml_entry *)) {
  ctoml_entry entry{};
  entry.has_table = table != nullptr;
  if (table) entry.table = *table;
  entry.key = string(key);
  entry.kind = ctoml_other;
  std::vector<ctoml_string> texts;
  if (const auto *value = node.as_boolean()) {
    entry.kind = ctoml_boolean;
    entry.boolean = value->get();
  } else if (const auto *value = node.as_integer()) {
    entry.kind = ctoml_integer;
    entry.integer = value->get();
  } else if (const auto *value = node.as_floating_point()) {
    entry.kind = ctoml_number;
    entry.number = value->get();
  } else if (const auto *value = node.as_string()) {
    entry.kind = ctoml_text;
    texts.push_back(string(value->get()));
  } else if (const auto *array = node.as_array()) {
    entry.kind = ctoml_texts;
    for (const auto &item : *array) {
      const auto *text = item.as_string();
      if (!text) {
        entry.kind = ctoml_other;
        break;
      }
      texts.push_back(string(text->get()));
    }
  }
  if (entry.kind == ctoml_other) texts.assign(1, string(name(node)));
  entry.texts = texts.data();
  entry.text_count = texts.size();
  return take(context, &entry);
}

}  // namespace

bool ctoml_read(const char *document, size_t count, void *context, bool (*take)(void *, const ctoml_entry *),
                ctoml_error *error) {
  try {
    const auto result = toml::parse(std::string_view(document, count));
    if (!result) {
      const auto &failure = result.error();
      describe(*error, failure.description(), failure.source().begin.line);
      return false;
    }
    for (const auto &[name, node] : result.table()) {
      const auto *table = node.as_table();
      if (!table) {
        if (!tell(nullptr, name.str(), node, context, take)) return true;
        continue;
      }
      const ctoml_string table_name = string(name.str());
      for (const auto &[key, value] : *table)
        if (!tell(&table_name, key.str(), value, context, take)) return true;
    }
    return true;
  } catch (const std::bad_alloc &) {
    describe(*error, "not enough memory to read it", 0);
    return false;
  }
}
