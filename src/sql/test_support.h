// Statements of one kind from text, for unit tests. Only *_test.cc files include it.
#pragma once

#include <string_view>
#include <variant>

#include "sql/parser.h"

namespace firn::sql {

using Name = plan::NameParts;

// The statement's node; std::bad_variant_access if it is of another kind.
template <typename Node>
Node parse(std::string_view sql) {
  return std::get<Node>(parse_statement(sql).node);
}

}  // namespace firn::sql
