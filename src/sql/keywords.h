// The keywords of Spark SQL and what each may still be used for.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace firn::sql {

enum KeywordUse : uint8_t {
  kAnyUse = 0,
  kReservedInAnsi = 1,  // no identifier with spark.sql.ansi.enforceReservedKeywords
  kNoTableAlias = 2,    // Spark's strict-non-reserved keywords: they continue a FROM clause
  kEndsOperand = 4,     // begins the next clause or is an operator: no alias without AS where
                        // something may follow
  kNoOperand = 8,       // never a column name without quotes
};

struct Keyword {
  std::string_view name;  // upper case
  uint8_t use;
};

std::span<const Keyword> keywords();  // sorted by name
// Ignores case. nullptr where `word` is no keyword.
const Keyword* find_keyword(std::string_view word);

}  // namespace firn::sql
