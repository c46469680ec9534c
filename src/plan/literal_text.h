// Literals as text, the way Spark spells them.
#pragma once

#include <string>

#include "plan/expression.h"

namespace firn::plan {

// As SQL that gives the same literal again: 'it\'s', 1L, 1.5BD, DATE '2020-01-01', INTERVAL '5'
// MINUTE. TIMESTAMP in UTC.
std::string sql_text(const Literal&);
// As in names of columns: strings and numbers bare, else as SQL.
std::string pretty_text(const Literal&);

}  // namespace firn::plan
