// uses: sql plan functions types base
// Any bytes as SQL: statements come out, or an Error does; what was parsed can be printed.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "plan/relation.h"
#include "sql/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    for (const firn::plan::Statement& statement : firn::sql::parse_script(text))
      if (const auto* query = std::get_if<firn::plan::Query>(&statement.node))
        firn::plan::to_string(*query->relation);
  } catch (const firn::Error& error) {
    for (const firn::QueryContext& context : error.contexts())
      firn::sql::show_position(text, context.position);
  }
  firn::sql::complete(text);
  try {
    firn::plan::pretty_name(*firn::sql::parse_expression(text));
  } catch (const firn::Error&) {
  }
  try {
    firn::sql::parse_table_schema(text).json();
  } catch (const firn::Error&) {
  }
  return 0;
}
