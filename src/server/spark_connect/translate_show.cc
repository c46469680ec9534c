// ShowString and HtmlString: DataFrame.show() as Spark prints it. The rows are asked for while the
// message is translated; what comes out is a relation of one text.
#include <algorithm>
#include <span>

#include "kernels/shown_text.h"
#include "server/spark_connect/translate_parts.h"

namespace firn::server::spark_connect {
namespace {

using Line = std::vector<std::string>;

struct Shown {
  Line names;
  std::vector<Line> rows;
  bool more = false;  // than were asked for
};

struct CodeRange {
  uint32_t first, last;
};
// Characters that Spark counts for two columns.
constexpr CodeRange kWide[] = {{0x1100, 0x115F}, {0x2E80, 0xA4CF}, {0xAC00, 0xD7A3},
                               {0xF900, 0xFAFF}, {0xFE10, 0xFE19}, {0xFE30, 0xFE6F},
                               {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}};

size_t bytes_of_code(unsigned char first) {
  return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

// Visits code points with the offset behind them until `visit` says no.
template <typename Visit>
void for_each_code(std::string_view text, Visit visit) {
  for (size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const size_t count = std::min(bytes_of_code(first), text.size() - at);
    uint32_t code = count == 1 ? first : first & (0xFFU >> (count + 1));
    for (size_t i = 1; i < count; ++i)
      code = code << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3F);
    at += count;
    if (!visit(code, at)) return;
  }
}

size_t width(std::string_view text) {
  size_t columns = 0;
  for_each_code(text, [&](uint32_t code, size_t) {
    const bool wide = std::any_of(std::begin(kWide), std::end(kWide), [&](CodeRange range) {
      return code >= range.first && code <= range.last;
    });
    columns += wide || code > 0xFFFF ? 2 : 1;  // beyond U+FFFF: two UTF-16 units
    return true;
  });
  return columns;
}

// The longest prefix of so many UTF-16 units, and whether that is all.
std::pair<std::string, bool> prefix(const std::string& text, size_t units) {
  size_t used = 0, end = 0;
  for_each_code(text, [&](uint32_t code, size_t behind) {
    used += code > 0xFFFF ? 2 : 1;
    if (used > units) return false;
    end = behind;
    return true;
  });
  return {text.substr(0, end), end == text.size()};
}

std::string escaped_cell(std::string_view text) {
  std::string out;
  constexpr std::pair<char, const char*> kEscapes[] = {{'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"},
                                                       {'\f', "\\f"}, {'\b', "\\b"}, {'\v', "\\v"},
                                                       {'\a', "\\a"}};
  for (const char c : text) {
    const auto* row = std::find_if(std::begin(kEscapes), std::end(kEscapes),
                                   [&](const auto& escape) { return escape.first == c; });
    out += row != std::end(kEscapes) ? std::string(row->second) : std::string(1, c);
  }
  return out;
}

std::string cut(const std::string& text, int32_t truncate) {
  if (truncate <= 0) return text;
  const auto units = static_cast<size_t>(truncate);
  auto [whole, all] = prefix(text, units);
  if (all) return text;
  return truncate < 4 ? whole : prefix(text, units - 3).first + "...";
}

std::string padded(const std::string& text, size_t columns, bool left, char with = ' ') {
  const size_t own = width(text);
  const std::string blank(columns > own ? columns - own : 0, with);
  return left ? blank + text : text + blank;
}

Shown ask(session::Session& session, plan::RelationPtr child, int32_t count, int32_t truncate) {
  plan::ExprPtr limit = plan::make(
      plan::Literal{types::DataTypeId::kInteger, int64_t{std::min(count, INT32_MAX - 15)} + 1});
  plan::Statement statement;
  statement.node =
      plan::Query{plan::make(plan::Limit{std::move(limit), nullptr, std::move(child)})};
  session::Result result = session.execute(statement);
  const auto zone =
      kernels::find_time_zone(session.conf().get_string("spark.sql.session.timeZone"));
  const kernels::TextStyle style{zone.get(), true};
  Shown shown;
  for (const plan::Attribute& column : result.columns)
    shown.names.push_back(escaped_cell(column.name));
  engine::Chunk chunk;
  while (result.rows && result.rows->next(chunk)) {
    std::vector<kernels::ColumnView> views;
    for (size_t i = 0; i < result.columns.size(); ++i) views.push_back(chunk.column(i));
    for (uint64_t row = 0; row < chunk.size(); ++row) {
      if (shown.rows.size() == static_cast<size_t>(count)) {
        shown.more = true;
        return shown;
      }
      Line line;
      for (size_t i = 0; i < views.size(); ++i) {
        std::string text;
        kernels::append_shown(text, views[i], row, result.columns[i].type, style);
        line.push_back(cut(escaped_cell(text), truncate));
      }
      shown.rows.push_back(std::move(line));
    }
  }
  return shown;
}

std::string box(const Shown& shown, bool to_the_right) {
  std::vector<size_t> widths;
  for (const std::string& name : shown.names) widths.push_back(std::max<size_t>(3, width(name)));
  for (const Line& line : shown.rows)
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
  std::string rule = "+";
  for (size_t i = 0; i < widths.size(); ++i)
    rule += (i > 0 ? "+" : "") + std::string(widths[i], '-');
  rule += "+\n";
  const auto print = [&](const Line& line) {
    std::string text = "|";
    for (size_t i = 0; i < line.size(); ++i)
      text += (i > 0 ? "|" : "") + padded(line[i], widths[i], to_the_right);
    return text + "|\n";
  };
  std::string text = rule + print(shown.names) + rule;
  for (const Line& line : shown.rows) text += print(line);
  return text + rule;
}

std::string records(const Shown& shown) {
  size_t names = 3, values = 3;
  for (const std::string& name : shown.names) names = std::max(names, width(name));
  for (const Line& line : shown.rows)
    for (const std::string& value : line) values = std::max(values, width(value));
  std::string text;
  for (size_t row = 0; row < shown.rows.size(); ++row) {
    text += padded("-RECORD " + std::to_string(row), names + values + 5, false, '-') + "\n";
    for (size_t i = 0; i < shown.names.size(); ++i)
      text += (i > 0 ? "\n" : "") + std::string(" ") + padded(shown.names[i], names, false) +
              " | " + padded(shown.rows[row][i], values, false) + " ";
    text += "\n";
  }
  return text;
}

std::string footer(int32_t count) {
  return "only showing top " + std::to_string(count) + (count == 1 ? " row" : " rows");
}

std::string html_escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

plan::RelationPtr one_text(session::Session& session, const char* name, std::string text) {
  plan::Rows rows;
  rows.columns.push_back(session.column(name, types::DataTypeId::kString));
  rows.rows.push_back({plan::string_literal(std::move(text))});
  return plan::finish(std::move(rows));
}

}  // namespace

plan::RelationPtr Translation::show_string(const proto::ShowString& given) {
  const int32_t count = std::max(given.num_rows(), 0);
  session::Session& session = surroundings.session();
  const Shown shown = ask(session, relation(given.input()), count, given.truncate());
  std::string text = given.vertical() ? records(shown) : box(shown, given.truncate() > 0);
  if (given.vertical() && shown.rows.empty())
    text += "(0 rows)";
  else if (shown.more)
    text += footer(count);
  return one_text(session, "show_string", std::move(text));
}

plan::RelationPtr Translation::html_string(const proto::HtmlString& given) {
  const int32_t count = std::max(given.num_rows(), 0);
  session::Session& session = surroundings.session();
  const Shown shown = ask(session, relation(given.input()), count, given.truncate());
  const auto print = [](const Line& line, const std::string& tag) {
    std::string text = "<tr><" + tag + ">";
    for (size_t i = 0; i < line.size(); ++i)
      text += (i > 0 ? "</" + tag + "><" + tag + ">" : "") + html_escaped(line[i]);
    return text + "</" + tag + "></tr>\n";
  };
  std::string text = "<table border='1'>\n" + print(shown.names, "th");
  for (const Line& line : shown.rows) text += print(line, "td");
  text += "</table>\n";
  if (shown.more) text += footer(count) + "\n";
  return one_text(session, "html_string", std::move(text));
}

}  // namespace firn::server::spark_connect
