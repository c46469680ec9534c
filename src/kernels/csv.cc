// One line of CSV: into its fields, and written. Conversions to types are the resolver's.
#include <algorithm>

#include "base/error.h"
#include "kernels/csv_line.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;

Text csv_text_at(const ColumnView& column, uint64_t row) {
  return column.values<StringRef>()[row].view();
}

struct CsvStyle {
  Text separator, quote, escape, null_value, empty_value;
  bool trim_left, trim_right, quote_all;
};
// The second argument: the options in this order, each closed by \x1F.
CsvStyle style_of(Text packed) {
  Text parts[8];
  for (Text& part : parts) {
    const size_t end = std::min(packed.find('\x1F'), packed.size());
    part = packed.substr(0, end);
    packed = packed.substr(std::min(end + 1, packed.size()));
  }
  return {parts[0], parts[1],           parts[2],           parts[3],
          parts[4], parts[5] == "true", parts[6] == "true", parts[7] == "true"};
}

Text trimmed(Text text, bool left, bool right) {
  while (left && !text.empty() && static_cast<unsigned char>(text.front()) <= ' ')
    text.remove_prefix(1);
  while (right && !text.empty() && static_cast<unsigned char>(text.back()) <= ' ')
    text.remove_suffix(1);
  return text;
}

std::vector<std::optional<std::string>> fields_of(Text line, const CsvStyle& style) {
  if (style.separator.empty()) throw Error("INVALID_DELIMITER_VALUE.EMPTY_STRING");
  std::vector<std::optional<std::string>> fields;
  const auto add = [&](std::string field, bool quoted) {
    if (field.empty() && !quoted) {
      fields.emplace_back(std::nullopt);
    } else if (!style.null_value.empty() && field == style.null_value) {
      fields.emplace_back(std::nullopt);
    } else {
      fields.emplace_back(std::move(field));
    }
  };
  size_t at = 0;
  const char quote = style.quote.empty() ? '\0' : style.quote[0],
             escape = style.escape.empty() ? '\0' : style.escape[0];
  for (;;) {
    size_t start = at;
    while (start < line.size() && line[start] == ' ') ++start;
    if (quote != '\0' && start < line.size() && line[start] == quote) {
      std::string field;
      at = start + 1;
      bool closed = false;
      while (at < line.size()) {
        const char c = line[at];
        const bool next_quote = at + 1 < line.size() && line[at + 1] == quote;
        if (c == escape && escape != quote && next_quote) {
          field += quote, at += 2;
        } else if (c == quote && next_quote) {
          field += quote, at += 2;
        } else if (c == quote) {
          closed = true, ++at;
          break;
        } else {
          field += c, ++at;
        }
      }
      (void)closed;
      add(std::move(field), true);
      at = std::min(line.find(style.separator, at), line.size());
    } else {
      const size_t end = std::min(line.find(style.separator, at), line.size());
      add(std::string(trimmed(line.substr(at, end - at), style.trim_left, style.trim_right)),
          false);
      at = end;
    }
    if (at >= line.size()) return fields;
    at += style.separator.size();
  }
}

void csv_fields(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  std::vector<std::optional<std::string>> all;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = all.size();
    if (all_valid(in, row)) {
      for (auto& field : fields_of(csv_text_at(in[0], row), style_of(csv_text_at(in[1], row))))
        all.push_back(std::move(field));
    } else {
      out.set_null(row);
    }
    out.values<ListEntry>()[row] = {begin, all.size() - begin};
  }
  out.resize(all.size());
  for (size_t i = 0; i < all.size(); ++i) write(out.child(0), i, all[i]);
}

void csv_line(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const ColumnView& values = in[0].children[0];
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    const CsvStyle style = style_of(csv_text_at(in[1], row));
    const ListEntry entry = in[0].values<ListEntry>()[row];
    std::string line;
    for (uint64_t i = 0; i < entry.length; ++i) {
      if (i > 0) line += style.separator;
      if (!values.is_valid(entry.offset + i)) {
        line += style.null_value;
        continue;
      }
      const Text raw = csv_text_at(values, entry.offset + i);
      const Text value = trimmed(raw, style.trim_left, style.trim_right);
      if (value.empty()) {
        line += style.empty_value;
        continue;
      }
      const bool needs = style.quote_all || value.find(style.separator) != Text::npos ||
                         value.find_first_of("\r\n") != Text::npos ||
                         (!style.quote.empty() && value.find(style.quote[0]) != Text::npos);
      if (!needs || style.quote.empty()) {
        line += value;
        continue;
      }
      line += style.quote;
      for (const char c : value) {
        if (c == style.quote[0] || (!style.escape.empty() && c == style.escape[0]))
          line += style.escape;
        line += c;
      }
      line += style.quote;
    }
    out.set_string(row, line);
  }
}

constexpr KernelRow kRowsOfCsv[] = {
    {"csv_fields", csv_fields, kNoFlags},
    {"csv_line", csv_line, kNoFlags},
};

}  // namespace

std::span<const KernelRow> csv_kernels() { return kRowsOfCsv; }

std::vector<std::optional<std::string>> split_csv(std::string_view line, std::string_view style) {
  return fields_of(line, style_of(style));
}

}  // namespace firn::kernels
