// Errors as text and as JSON.
#include "app/failure.h"

#include <optional>

#include "app/json_text.h"
#include "sql/parser.h"

namespace firn::app {
namespace {

// Its line is counted in what the source is a part of.
std::optional<TextPosition> place_of(const Error& error, const SourceText* source) {
  if (source == nullptr || error.contexts().empty()) return std::nullopt;
  TextPosition position = error.contexts().front().position;
  if (position.line <= 0) return std::nullopt;
  position.line += source->first_line - 1;
  return position;
}

}  // namespace

std::string failure_text(const Error& error, const SourceText* source) {
  std::string text = "error: [" + std::string(error.condition()) + "] " + error.message() + "\n";
  const std::optional<TextPosition> position = place_of(error, source);
  if (!position) return text;
  text += "  --> " + source->name + ":" + std::to_string(position->line) + ":" +
          std::to_string(position->column) + "\n";
  const std::string shown = sql::show_position(source->text, *position);
  return text + shown.substr(shown.find('\n') + 1);  // its first line repeats the place
}

std::string failure_json(const Error& error, const SourceText* source) {
  JsonObject object;
  object.add("level", "error")
      .add("condition", error.condition())
      .add("sqlstate", error.sqlstate())
      .add("message", error.message());
  if (const std::optional<TextPosition> position = place_of(error, source)) {
    object.add("file", source->name).add("line", position->line).add("column", position->column);
  }
  return object.add("text", failure_text(error, source)).text();
}

}  // namespace firn::app
