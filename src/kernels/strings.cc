// String functions over code points: parts, padding, searching, case.
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/utf8.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;
using types::DataTypeId;

// Result strings are slices of an argument.
struct Slice {
  Text part;
};
void write(Output& out, uint64_t row, Slice slice) { out.set_slice(row, slice.part); }

bool is_binary(const CallInfo& info) { return info.arguments[0].id() == DataTypeId::kBinary; }

// ---- Sizes
void length(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const bool bytes = is_binary(info);
  map_rows<Text>(in, rows, out, [&](Text s) {
    return static_cast<int32_t>(bytes ? s.size() : count_code_points(s));
  });
}
void octet_length(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text s) { return static_cast<int32_t>(s.size()); });
}
void bit_length(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text s) { return static_cast<int32_t>(s.size() * 8); });
}

// ---- Case
bool is_ascii(Text s) {
  return std::all_of(s.begin(), s.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}
char ascii_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

icu::UnicodeString unicode(Text s) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(s.data(), static_cast<int32_t>(s.size())));
}
std::string utf8(const icu::UnicodeString& s) {
  std::string text;
  s.toUTF8String(text);
  return text;
}

void upper(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text s) {
    if (!is_ascii(s)) return utf8(unicode(s).toUpper(icu::Locale::getRoot()));
    std::string text(s);
    for (char& c : text) c = ascii_upper(c);
    return text;
  });
}
void lower(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text s) {
    if (!is_ascii(s)) return utf8(unicode(s).toLower(icu::Locale::getRoot()));
    std::string text(s);
    for (char& c : text) c = ascii_lower(c);
    return text;
  });
}
// Words are parted by spaces.
void initcap(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text s) {
    icu::UnicodeString text = unicode(s).toLower(icu::Locale::getRoot());
    icu::UnicodeString result;
    bool start = true;
    for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
      const UChar32 c = text.char32At(i);
      result += start ? u_totitle(c) : c;
      start = c == ' ';
    }
    return utf8(result);
  });
}

// ---- Parts
// As UTF8String.substringSQL: position 1 is the first, 0 too, negative ones count from the end and
// may lie before the start.
Text substring_of(Text s, int64_t position, int64_t count, bool bytes) {
  const auto size = static_cast<int64_t>(bytes ? s.size() : count_code_points(s));
  const int64_t start = position > 0 ? position - 1 : position < 0 ? size + position : 0;
  const int64_t end = count > std::numeric_limits<int64_t>::max() - std::max<int64_t>(start, 0)
                          ? size
                          : start + count;
  const int64_t from = std::clamp<int64_t>(start, 0, size),
                to = std::clamp<int64_t>(end, from, size);
  if (bytes) return s.substr(static_cast<size_t>(from), static_cast<size_t>(to - from));
  const size_t begin = advance(s, 0, static_cast<size_t>(from));
  return s.substr(begin, advance(s, begin, static_cast<size_t>(to - from)) - begin);
}
void substring(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const bool bytes = is_binary(info);
  if (in.size() == 2) {
    map_rows<Text, int32_t>(in, rows, out, [&](Text s, int32_t p) {
      return Slice{substring_of(s, p, INT32_MAX, bytes)};
    });
  } else {
    map_rows<Text, int32_t, int32_t>(in, rows, out, [&](Text s, int32_t p, int32_t n) {
      return Slice{substring_of(s, p, n, bytes)};
    });
  }
}
void left(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const bool bytes = is_binary(info);
  map_rows<Text, int32_t>(in, rows, out,
                          [&](Text s, int32_t n) { return Slice{substring_of(s, 1, n, bytes)}; });
}
void right(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, int32_t>(in, rows, out, [](Text s, int32_t n) {
    if (n <= 0) return Slice{s.substr(0, 0)};
    const auto size = static_cast<int64_t>(count_code_points(s));
    return Slice{n >= size ? s : substring_of(s, -int64_t{n}, n, false)};
  });
}
void substring_index(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, Text, int32_t>(in, rows, out, [](Text s, Text delimiter, int32_t count) {
    if (delimiter.empty() || count == 0) return Slice{s.substr(0, 0)};
    size_t at = count > 0 ? 0 : s.size();
    for (int32_t i = 0; i < std::abs(count); ++i) {
      if (count > 0) {
        const size_t found = s.find(delimiter, i == 0 ? 0 : at + 1);
        if (found == Text::npos) return Slice{s};
        at = found;
      } else {
        const size_t found =
            i > 0 && at == 0 ? Text::npos : s.rfind(delimiter, i == 0 ? Text::npos : at - 1);
        if (found == Text::npos) return Slice{s};
        at = found;
      }
    }
    return Slice{count > 0 ? s.substr(0, at) : s.substr(at + delimiter.size())};
  });
}
void split_part(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, Text, int32_t>(in, rows, out, [](Text s, Text delimiter, int32_t n) {
    if (n == 0) throw Error("INVALID_INDEX_OF_ZERO", {});
    std::vector<Text> parts;
    size_t at = 0;
    for (size_t found; !delimiter.empty() && (found = s.find(delimiter, at)) != Text::npos;
         at = found + delimiter.size()) {
      parts.push_back(s.substr(at, found - at));
    }
    parts.push_back(s.substr(at));
    const int64_t index = n > 0 ? n - 1 : static_cast<int64_t>(parts.size()) + n;
    if (index < 0 || index >= static_cast<int64_t>(parts.size())) return Slice{s.substr(0, 0)};
    return Slice{parts[static_cast<size_t>(index)]};
  });
}

enum Ends { kLeft = 1, kRight = 2, kBoth = 3 };
Text trim_text(Text s, Text characters, int ends) {
  const auto listed = [&](Text c) { return !c.empty() && characters.find(c) != Text::npos; };
  if ((ends & kLeft) != 0) {
    while (!s.empty() && listed(s.substr(0, advance(s, 0, 1)))) s.remove_prefix(advance(s, 0, 1));
  }
  while ((ends & kRight) != 0 && !s.empty()) {
    size_t last = s.size() - 1;
    while (last > 0 && is_continuation(s[last])) --last;
    if (!listed(s.substr(last))) break;
    s = s.substr(0, last);
  }
  return s;
}
// trim, ltrim and rtrim take the characters first, btrim takes them second.
template <int ends, bool characters_first>
void trim(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  if (in.size() == 1) {
    map_rows<Text>(in, rows, out, [](Text s) { return Slice{trim_text(s, " ", ends)}; });
  } else {
    map_rows<Text, Text>(in, rows, out, [](Text a, Text b) {
      return Slice{characters_first ? trim_text(b, a, ends) : trim_text(a, b, ends)};
    });
  }
}

// ---- Put together
void concat(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    size_t size = 0;
    for (const ColumnView& column : in) size += column.values<StringRef>()[row].length;
    std::string small;
    char* memory = nullptr;
    if (size > 12)
      memory = out.new_bytes(size);
    else
      small.resize(size), memory = small.data();
    char* at = memory;
    for (const ColumnView& column : in) {
      const Text part = column.values<StringRef>()[row].view();
      at = std::copy(part.begin(), part.end(), at);
    }
    out.values<StringRef>()[row] = StringRef(memory, static_cast<uint32_t>(size));
  }
}
void concat_ws(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  std::string text;
  for (uint64_t row = 0; row < rows; ++row) {
    if (!in[0].is_valid(row)) {
      out.set_null(row);
      continue;
    }
    const Text separator = in[0].values<StringRef>()[row].view();
    text.clear();
    bool first = true;
    const auto add = [&](Text part) {
      if (!first) text += separator;
      first = false;
      text += part;
    };
    for (const ColumnView& column : in.subspan(1)) {
      if (!column.is_valid(row)) continue;
      if (column.physical == Physical::kString) {
        add(column.values<StringRef>()[row].view());
        continue;
      }
      const ListEntry entry = column.values<ListEntry>()[row];
      for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
        if (column.children[0].is_valid(i)) add(column.children[0].values<StringRef>()[i].view());
      }
    }
    out.set_string(row, text);
  }
}
void array_join(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  std::string text;
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    const ListEntry entry = in[0].values<ListEntry>()[row];
    const ColumnView& parts = in[0].children[0];
    text.clear();
    bool first = true;
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      if (!parts.is_valid(i) && in.size() < 3) continue;
      if (!first) text += in[1].values<StringRef>()[row].view();
      first = false;
      text += parts.is_valid(i) ? parts.values<StringRef>()[i].view()
                                : in[2].values<StringRef>()[row].view();
    }
    out.set_string(row, text);
  }
}
std::string replace_all(Text s, Text search, Text replacement) {
  std::string text;
  if (search.empty()) return std::string(s);
  size_t at = 0;
  for (size_t found; (found = s.find(search, at)) != Text::npos; at = found + search.size()) {
    text += s.substr(at, found - at);
    text += replacement;
  }
  return text.append(s.substr(at));
}
void replace(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  if (in.size() == 2)
    map_rows<Text, Text>(in, rows, out, [](Text s, Text a) { return replace_all(s, a, ""); });
  else
    map_rows<Text, Text, Text>(in, rows, out,
                               [](Text s, Text a, Text b) { return replace_all(s, a, b); });
}
void translate(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, Text, Text>(in, rows, out, [](Text s, Text from, Text to) {
    std::string text;
    for (size_t at = 0; at < s.size();) {
      const size_t start = at;
      const uint32_t c = next_code_point(s, at);
      size_t f = 0, t = 0;
      bool found = false;
      while (f < from.size() && !found) {
        const size_t target = t;
        found = next_code_point(from, f) == c;
        if (t < to.size()) next_code_point(to, t);
        if (found && target < to.size()) text += to.substr(target, t - target);
      }
      if (!found) text += s.substr(start, at - start);
    }
    return text;
  });
}
void overlay(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const bool bytes = is_binary(info);
  const auto put = [bytes](Text s, Text with, int32_t position, int64_t count) {
    if (count < 0) count = static_cast<int64_t>(bytes ? with.size() : count_code_points(with));
    std::string text(substring_of(s, 1, int64_t{position} - 1, bytes));
    text += with;
    text += substring_of(s, position + count, INT32_MAX, bytes);
    return text;
  };
  if (in.size() == 3) {
    map_rows<Text, Text, int32_t>(in, rows, out,
                                  [&](Text s, Text w, int32_t p) { return put(s, w, p, -1); });
  } else {
    map_rows<Text, Text, int32_t, int32_t>(
        in, rows, out, [&](Text s, Text w, int32_t p, int32_t n) { return put(s, w, p, n); });
  }
}
void reverse(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text s) {
    std::string text(s.size(), '\0');
    size_t end = text.size();
    for (size_t at = 0; at < s.size();) {
      const size_t next = advance(s, at, 1);
      end -= next - at;
      std::copy(s.begin() + static_cast<ptrdiff_t>(at), s.begin() + static_cast<ptrdiff_t>(next),
                text.begin() + static_cast<ptrdiff_t>(end));
      at = next;
    }
    return text;
  });
}
std::string repeated(Text s, int64_t count) {
  std::string text;
  if (count <= 0 || s.empty()) return text;
  if (s.size() * static_cast<uint64_t>(count) > std::numeric_limits<int32_t>::max()) {
    throw Error("FIRN_RESOURCE",
                {{"what", "A string of more than 2 GiB would result from repeat or a padding."}});
  }
  text.reserve(s.size() * static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) text += s;
  return text;
}
void repeat(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, int32_t>(in, rows, out, [](Text s, int32_t n) { return repeated(s, n); });
}
void space(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int32_t>(in, rows, out, [](int32_t n) { return repeated(" ", n); });
}
std::string padded(Text s, int64_t width, Text filler, bool at_left, bool bytes) {
  const auto size = static_cast<int64_t>(bytes ? s.size() : count_code_points(s));
  if (width <= size) return std::string(substring_of(s, 1, std::max<int64_t>(width, 0), bytes));
  const auto unit = static_cast<int64_t>(bytes ? filler.size() : count_code_points(filler));
  if (unit == 0) return std::string(s);
  const int64_t missing = width - size;
  std::string fill = repeated(filler, missing / unit);
  fill += substring_of(filler, 1, missing % unit, bytes);
  return at_left ? fill.append(s) : std::string(s) + fill;
}
template <bool at_left>
void pad(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const bool bytes = is_binary(info);
  if (in.size() == 2) {
    const Text filler = bytes ? Text("\0", 1) : Text(" ");
    map_rows<Text, int32_t>(
        in, rows, out, [&](Text s, int32_t n) { return padded(s, n, filler, at_left, bytes); });
  } else {
    map_rows<Text, int32_t, Text>(
        in, rows, out, [&](Text s, int32_t n, Text f) { return padded(s, n, f, at_left, bytes); });
  }
}

// ---- Searching
int32_t position_of(Text s, Text part, size_t from) {
  const size_t found = s.find(part, from);
  return found == Text::npos ? 0 : static_cast<int32_t>(count_code_points(s.substr(0, found))) + 1;
}
void instr(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, Text>(in, rows, out, [](Text s, Text part) { return position_of(s, part, 0); });
}
// A NULL start gives 0, as in Spark.
void locate(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  for (uint64_t row = 0; row < rows; ++row) {
    if (in.size() == 3 && !in[2].is_valid(row)) {
      out.values<int32_t>()[row] = 0;
    } else if (!all_valid(in.first(2), row)) {
      out.set_null(row);
    } else {
      const int32_t start = in.size() == 3 ? in[2].values<int32_t>()[row] : 1;
      const Text part = in[0].values<StringRef>()[row].view(),
                 s = in[1].values<StringRef>()[row].view();
      out.values<int32_t>()[row] =
          start < 1 ? 0 : position_of(s, part, advance(s, 0, static_cast<size_t>(start - 1)));
    }
  }
}
void startswith(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, Text>(in, rows, out, [](Text s, Text part) { return s.starts_with(part); });
}
void endswith(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, Text>(in, rows, out, [](Text s, Text part) { return s.ends_with(part); });
}
void contains(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, Text>(in, rows, out, [](Text s, Text part) { return s.find(part) != Text::npos; });
}
void find_in_set(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, Text>(in, rows, out, [](Text s, Text set) -> int32_t {
    if (s.find(',') != Text::npos) return 0;
    int32_t index = 1;
    for (size_t at = 0;; ++index) {
      const size_t comma = std::min(set.find(',', at), set.size());
      if (set.substr(at, comma - at) == s) return index;
      if (comma == set.size()) return 0;
      at = comma + 1;
    }
  });
}

constexpr uint32_t kStringsStrict = kNullOnNull;
constexpr uint32_t kStringsSliced = kNullOnNull | kSlices;
constexpr KernelRow kRowsOfStrings[] = {
    {"length", length, kStringsStrict},
    {"octet_length", octet_length, kStringsStrict},
    {"bit_length", bit_length, kStringsStrict},
    {"upper", upper, kStringsStrict},
    {"lower", lower, kStringsStrict},
    {"initcap", initcap, kStringsStrict},
    {"substring", substring, kStringsSliced},
    {"left", left, kStringsSliced},
    {"right", right, kStringsSliced},
    {"substring_index", substring_index, kStringsSliced},
    {"split_part", split_part, kStringsSliced | kFallible},
    {"trim", trim<kBoth, true>, kStringsSliced},
    {"btrim", trim<kBoth, false>, kStringsSliced},
    {"ltrim", trim<kLeft, true>, kStringsSliced},
    {"rtrim", trim<kRight, true>, kStringsSliced},
    {"concat", concat, kStringsStrict},
    {"concat_ws", concat_ws, kNoFlags},
    {"array_join", array_join, kStringsStrict},
    {"replace", replace, kStringsStrict},
    {"translate", translate, kStringsStrict},
    {"overlay", overlay, kStringsStrict},
    {"reverse", reverse, kStringsStrict},
    {"repeat", repeat, kStringsStrict | kFallible},
    {"space", space, kStringsStrict | kFallible},
    {"lpad", pad<true>, kStringsStrict | kFallible},
    {"rpad", pad<false>, kStringsStrict | kFallible},
    {"instr", instr, kStringsStrict},
    {"locate", locate, kNoFlags},
    {"startswith", startswith, kStringsStrict},
    {"endswith", endswith, kStringsStrict},
    {"contains", contains, kStringsStrict},
    {"find_in_set", find_in_set, kStringsStrict},
};

}  // namespace

std::span<const KernelRow> string_kernels() { return kRowsOfStrings; }

}  // namespace firn::kernels
