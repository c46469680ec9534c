// Options of the procedures that rewrite files by their size (Iceberg's
// SizeBasedFileRewritePlanner).
#pragma once

#include <cstdint>
#include <string>

#include "session/procedures.h"

namespace firn::session {

enum class RewriteKind : uint8_t { kBinPack, kSort, kZOrder, kPositionDeletes };

struct RewriteOptions {
  int64_t target = 0, min_size = 0, max_size = 0;
  int64_t max_group = 100LL << 30;
  int64_t min_input_files = 5;
  int64_t delete_files = INT32_MAX;
  double delete_ratio = 0.3;
  int64_t max_files = 0;  // 0: any number
  int text_bytes = 8;     // of a text column's part in a Z-order
  bool rewrite_all = false;
  bool remove_dangling = false;  // delete files that no data file needs any longer
};

// The call's `options` over `target`. Error where one is not an option of this kind.
RewriteOptions rewrite_options(const Call&, RewriteKind, int64_t target);

// Whether files of these sizes are worth writing anew together.
bool is_worth_rewriting(const RewriteOptions&, int64_t files, int64_t bytes);

// The argument `where` over the table's columns; true where it is not given.
types::Predicate rewrite_filter(const Call&, const table::Table&);

}  // namespace firn::session
