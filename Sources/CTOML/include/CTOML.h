// Tables of one level, read with toml++ (libtomlplusplus-dev; header-only).

#ifndef CTOML_H
#define CTOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ctoml_kind {
  ctoml_text,
  ctoml_integer,
  ctoml_number,
  ctoml_boolean,
  ctoml_texts,
  // An array of anything else, a table, a date or a time; only what it is called is told.
  ctoml_other
} ctoml_kind;

// Bytes of UTF-8, without a NUL behind them.
typedef struct ctoml_string {
  const char *_Nullable start;
  size_t count;
} ctoml_string;

// `key = value` of a table, or something beside the tables, which has no table's name. Gone after the call.
typedef struct ctoml_entry {
  bool has_table;
  ctoml_string table;
  ctoml_string key;
  ctoml_kind kind;
  int64_t integer;
  double number;
  bool boolean;
  // One for ctoml_text, any number for ctoml_texts; for ctoml_other what it is called.
  const ctoml_string *_Nullable texts;
  size_t text_count;
} ctoml_entry;

// What is wrong with a document, and where: a line from 1, 0 where it is not known.
typedef struct ctoml_error {
  uint32_t line;
  char message[256];
} ctoml_error;

// Reads a document of `count` bytes and calls `take` for each entry, tables and keys in order of their names, until that
// returns false. False and an error where it is no TOML, or memory is out.
bool ctoml_read(const char *_Nonnull document, size_t count, void *_Nullable context,
                bool (*_Nonnull take)(void *_Nullable context, const ctoml_entry *_Nonnull entry),
                ctoml_error *_Nonnull error);

#ifdef __cplusplus
}
#endif

#endif
