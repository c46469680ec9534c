// LIKE, and regular expressions with Java's conventions for replacements and splits.
#include "kernels/patterns.h"

#include <unicode/locid.h>
#include <unicode/unistr.h>

#include <map>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/regex.h"
#include "kernels/utf8.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;

RegexCache& regexes(Scratch& scratch) {
  if (!scratch.has_value()) scratch = std::make_shared<RegexCache>();
  return *std::any_cast<const std::shared_ptr<RegexCache>&>(scratch);
}

Text text_of(Text found) { return found.data() == nullptr ? Text("") : found; }

// Calls f(groups, start) for each match from byte `from` on; empty matches advance by one code
// point. f returns false to stop.
template <class F>
void each_match(Regex& regex, Text text, size_t from, F&& f) {
  std::vector<Text> groups;
  size_t at = from;
  while (at <= text.size() && regex.find(text, at, &groups)) {
    const auto start =
        groups[0].data() == nullptr ? at : static_cast<size_t>(groups[0].data() - text.data());
    if (!f(groups, start)) return;
    at = start + groups[0].size();
    if (groups[0].empty()) at = at < text.size() ? advance(text, at, 1) : at + 1;
  }
}

void check_group(const Regex& regex, int32_t group, const char* function) {
  if (group >= 0 && group <= regex.groups()) return;
  throw Error("INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX",
              {{"parameter", "`idx`"},
               {"functionName", "`" + std::string(function) + "`"},
               {"groupCount", std::to_string(regex.groups())},
               {"groupIndex", std::to_string(group)}});
}

// ---- Kernels

void rlike(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  RegexCache& cache = regexes(scratch);
  map_rows<Text, Text>(in, rows, out, [&](Text s, Text pattern) {
    return cache.get(pattern, "rlike").find(s, 0, nullptr);
  });
}

int32_t group_of(Columns in, uint64_t row) {
  return in.size() > 2 ? in[2].values<int32_t>()[row] : 1;
}

void regexp_extract(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  RegexCache& cache = regexes(scratch);
  uint64_t row = 0;
  for (; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    const Text s = in[0].values<StringRef>()[row].view();
    Regex& regex = cache.get(in[1].values<StringRef>()[row].view(), "regexp_extract");
    const int32_t group = group_of(in, row);
    Text part = s.substr(0, 0);
    each_match(regex, s, 0, [&](const auto& groups, size_t) {
      check_group(regex, group, "regexp_extract");  // where there is a match, as Spark
      part = text_of(groups[static_cast<size_t>(group)]);
      return false;
    });
    out.set_slice(row, part);
  }
}

// Collects strings of all rows, then writes them as lists.
class ListBuilder {
 public:
  explicit ListBuilder(Output& out) : out_(out) {}
  void add(Text part) { parts_.push_back(part); }
  void end_row(uint64_t row) {
    out_.values<ListEntry>()[row] = {begin_, parts_.size() - begin_};
    begin_ = parts_.size();
  }
  void finish() {
    out_.resize(parts_.size());
    for (size_t i = 0; i < parts_.size(); ++i) out_.child(0).set_string(i, parts_[i]);
  }

 private:
  Output& out_;
  std::vector<Text> parts_;
  size_t begin_ = 0;
};

void null_list(Output& out, uint64_t row) {
  out.set_null(row);
  out.values<ListEntry>()[row] = {};
}

void regexp_extract_all(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  RegexCache& cache = regexes(scratch);
  ListBuilder list(out);
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      null_list(out, row);
      continue;
    }
    Regex& regex = cache.get(in[1].values<StringRef>()[row].view(), "regexp_extract_all");
    const int32_t group = group_of(in, row);
    each_match(regex, in[0].values<StringRef>()[row].view(), 0, [&](const auto& groups, size_t) {
      check_group(regex, group, "regexp_extract_all");
      list.add(text_of(groups[static_cast<size_t>(group)]));
      return true;
    });
    list.end_row(row);
  }
  list.finish();
}

// Java's replacement text: $n is a group, \c is c.
void append_replacement(std::string& out, Text replacement, const std::vector<Text>& groups) {
  for (size_t i = 0; i < replacement.size(); ++i) {
    const char c = replacement[i];
    if (c == '\\' && i + 1 < replacement.size()) {
      out += replacement[++i];
    } else if (c == '$' && i + 1 < replacement.size() && replacement[i + 1] >= '0' &&
               replacement[i + 1] <= '9') {
      size_t group = 0;
      size_t digits = i + 1;
      while (digits < replacement.size() && replacement[digits] >= '0' &&
             replacement[digits] <= '9') {
        const size_t longer = group * 10 + static_cast<size_t>(replacement[digits] - '0');
        if (digits > i + 1 && longer >= groups.size()) break;
        group = longer;
        ++digits;
      }
      if (group >= groups.size())
        throw_invalid("regexp_replace: the replacement names group " + std::to_string(group) +
                      ", but the pattern has " + std::to_string(groups.size() - 1) + ".");
      out += text_of(groups[group]);
      i = digits - 1;
    } else {
      out += c;
    }
  }
}

void regexp_replace(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  RegexCache& cache = regexes(scratch);
  std::string text;
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    const Text s = in[0].values<StringRef>()[row].view(),
               replacement = in[2].values<StringRef>()[row].view();
    Regex& regex = cache.get(in[1].values<StringRef>()[row].view(), "regexp_replace");
    const int32_t position = in.size() > 3 ? in[3].values<int32_t>()[row] : 1;
    const size_t from = advance(s, 0, position > 1 ? static_cast<size_t>(position - 1) : 0);
    text.assign(s.substr(0, from));
    size_t copied = from;
    each_match(regex, s, from, [&](const auto& groups, size_t start) {
      text += s.substr(copied, start - copied);
      append_replacement(text, replacement, groups);
      copied = start + groups[0].size();
      return true;
    });
    text += s.substr(copied);
    out.set_string(row, text);
  }
}

void regexp_count(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  RegexCache& cache = regexes(scratch);
  map_rows<Text, Text>(in, rows, out, [&](Text s, Text pattern) {
    int32_t count = 0;
    each_match(cache.get(pattern, "regexp_count"), s, 0,
               [&](const auto&, size_t) { return ++count, true; });
    return count;
  });
}
void regexp_substr(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  RegexCache& cache = regexes(scratch);
  map_rows<Text, Text>(in, rows, out, [&](Text s, Text pattern) -> std::optional<Text> {
    std::optional<Text> part;
    each_match(cache.get(pattern, "regexp_substr"), s, 0, [&](const auto& groups, size_t) {
      part = text_of(groups[0]);
      return false;
    });
    return part;
  });
}
void regexp_instr(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  RegexCache& cache = regexes(scratch);
  map_rows<Text, Text>(in, rows, out, [&](Text s, Text pattern) {
    int32_t position = 0;
    each_match(cache.get(pattern, "regexp_instr"), s, 0, [&](const auto&, size_t start) {
      position = static_cast<int32_t>(count_code_points(s.substr(0, start))) + 1;
      return false;
    });
    return position;
  });
}

// Java's String.split: an empty match at the start gives no empty part; limit > 0 bounds the number
// of parts.
void split_text(Regex& regex, Text s, int32_t limit, ListBuilder& list) {
  size_t begin = 0;
  int32_t parts = 1;
  each_match(regex, s, 0, [&](const auto& groups, size_t start) {
    if (limit > 0 && parts >= limit) return false;
    if (groups[0].empty() && (start == 0 || start == s.size())) return true;
    list.add(s.substr(begin, start - begin));
    begin = start + groups[0].size();
    ++parts;
    return true;
  });
  list.add(s.substr(begin));
}
// An empty pattern splits into code points.
void split_characters(Text s, int32_t limit, ListBuilder& list) {
  int32_t parts = 1;
  size_t at = 0;
  for (; at < s.size() && (limit <= 0 || parts < limit); ++parts) {
    const size_t next = advance(s, at, 1);
    list.add(s.substr(at, next - at));
    at = next;
  }
  if (at < s.size() || s.empty()) list.add(s.substr(at));
}
void split(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  RegexCache& cache = regexes(scratch);
  ListBuilder list(out);
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      null_list(out, row);
      continue;
    }
    const Text s = in[0].values<StringRef>()[row].view(),
               pattern = in[1].values<StringRef>()[row].view();
    const int32_t limit = in.size() > 2 ? in[2].values<int32_t>()[row] : -1;
    if (pattern.empty())
      split_characters(s, limit, list);
    else
      split_text(cache.get(pattern, "split"), s, limit, list);
    list.end_row(row);
  }
  list.finish();
}

// ---- LIKE
struct LikeCache {
  std::map<std::pair<std::string, char>, LikePattern> compiled;
  const LikePattern& get(Text pattern, char escape) {
    const auto found = compiled.find({std::string(pattern), escape});
    if (found != compiled.end()) return found->second;
    if (compiled.size() > 1000) compiled.clear();
    return compiled.emplace(std::pair(std::string(pattern), escape), LikePattern(pattern, escape))
        .first->second;
  }
};

std::string lower_case(Text s) {
  std::string text;
  icu::UnicodeString::fromUTF8(icu::StringPiece(s.data(), static_cast<int32_t>(s.size())))
      .toLower(icu::Locale::getRoot())
      .toUTF8String(text);
  return text;
}

template <bool ignore_case>
void like(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  if (!scratch.has_value()) scratch = std::make_shared<LikeCache>();
  LikeCache& cache = *std::any_cast<const std::shared_ptr<LikeCache>&>(scratch);
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    const Text s = in[0].values<StringRef>()[row].view(),
               pattern = in[1].values<StringRef>()[row].view();
    const Text escape = in.size() > 2 ? in[2].values<StringRef>()[row].view() : Text("\\");
    if (escape.size() != 1)
      throw_invalid("The escape of LIKE must be one character, not '" + std::string(escape) + "'.");
    const bool matched = ignore_case
                             ? cache.get(lower_case(pattern), escape[0]).matches(lower_case(s))
                             : cache.get(pattern, escape[0]).matches(s);
    out.values<bool>()[row] = matched;
  }
}

constexpr uint32_t kPatternsStrict = kNullOnNull | kFallible;
constexpr KernelRow kRowsOfPatterns[] = {
    {"like", like<false>, kPatternsStrict},
    {"ilike", like<true>, kPatternsStrict},
    {"rlike", rlike, kPatternsStrict},
    {"regexp_extract", regexp_extract, kPatternsStrict | kSlices},
    {"regexp_extract_all", regexp_extract_all, kPatternsStrict},
    {"regexp_replace", regexp_replace, kPatternsStrict},
    {"regexp_count", regexp_count, kPatternsStrict},
    {"regexp_substr", regexp_substr, kPatternsStrict},
    {"regexp_instr", regexp_instr, kPatternsStrict},
    {"split", split, kPatternsStrict},
};

}  // namespace

LikePattern::LikePattern(std::string_view pattern, char escape) {
  std::string text;
  const auto flush = [&] {
    if (!text.empty()) pieces_.push_back({Token::kText, text});
    text.clear();
  };
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == escape) {
      if (i + 1 == pattern.size())
        throw Error("INVALID_FORMAT.ESC_AT_THE_END",
                    {{"format", "'" + std::string(pattern) + "'"}});
      const char next = pattern[++i];
      if (next != '_' && next != '%' && next != escape) {
        throw Error("INVALID_FORMAT.ESC_IN_THE_MIDDLE",
                    {{"format", "'" + std::string(pattern) + "'"},
                     {"char", "'" + std::string(1, next) + "'"}});
      }
      text += next;
    } else if (pattern[i] == '%') {
      flush();
      if (pieces_.empty() || pieces_.back().token != Token::kAny)
        pieces_.push_back({Token::kAny, ""});
    } else if (pattern[i] == '_') {
      flush();
      pieces_.push_back({Token::kOne, ""});
    } else {
      text += pattern[i];
    }
  }
  flush();
}

bool LikePattern::matches(std::string_view text) const { return matches_from(text, 0); }

// Greedy with one step back to the last %: enough for LIKE.
bool LikePattern::matches_from(std::string_view text, size_t piece) const {
  size_t at = 0, resume_piece = std::string::npos, resume_at = 0;
  for (;;) {
    bool failed = false;
    if (piece == pieces_.size()) {
      if (at == text.size()) return true;
      failed = true;
    } else if (pieces_[piece].token == Token::kAny) {
      if (piece + 1 == pieces_.size()) return true;
      resume_piece = ++piece;
      resume_at = at;
      continue;
    } else if (pieces_[piece].token == Token::kOne) {
      if (at == text.size())
        failed = true;
      else
        at = advance(text, at, 1), ++piece;
    } else {
      const std::string& part = pieces_[piece].text;
      if (text.substr(at).starts_with(part))
        at += part.size(), ++piece;
      else
        failed = true;
    }
    if (!failed) continue;
    if (resume_piece == std::string::npos || resume_at >= text.size()) return false;
    resume_at = advance(text, resume_at, 1);
    at = resume_at;
    piece = resume_piece;
  }
}

std::span<const KernelRow> pattern_kernels() { return kRowsOfPatterns; }

}  // namespace firn::kernels
