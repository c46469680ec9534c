// Errors as text and as JSON.
#include "app/failure.h"

#include "app/json_text.h"
#include "sql/parser.h"

namespace firn::app {
namespace {

const QueryContext* place_of(const Error& error, const SourceText* source) {
  if (source == nullptr || error.contexts().empty()) return nullptr;
  const QueryContext& context = error.contexts().front();
  return context.position.line > 0 ? &context : nullptr;
}

int line_of(const TextPosition& position, const SourceText& source) {
  return position.line + source.first_line - 1;
}

}  // namespace

std::string failure_text(const Error& error, const SourceText* source) {
  std::string text = "error: [" + std::string(error.condition()) + "] " + error.message() + "\n";
  const QueryContext* context = place_of(error, source);
  if (context == nullptr) return text;
  const TextPosition& position = context->position;
  text += "  --> " + source->name + ":" + std::to_string(line_of(position, *source)) + ":" +
          std::to_string(position.column) + "\n";
  const std::string shown = sql::show_position(source->text, position);
  return text + shown.substr(shown.find('\n') + 1);  // its first line repeats the place
}

std::string failure_json(const Error& error, const SourceText* source) {
  JsonObject object;
  object.add("level", "error")
      .add("condition", error.condition())
      .add("sqlstate", error.sqlstate())
      .add("message", error.message());
  if (const QueryContext* context = place_of(error, source)) {
    object.add("file", source->name)
        .add("line", line_of(context->position, *source))
        .add("column", context->position.column);
  }
  return object.add("text", failure_text(error, source)).text();
}

}  // namespace firn::app
