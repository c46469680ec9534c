// Text taken apart and disguised: elt, mask, sentences, parse_url, checks of UTF-8.
#include <unicode/brkiter.h>
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/utf8.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;

Text text_at(const ColumnView& column, uint64_t row) {
  return column.values<StringRef>()[row].view();
}

void elt(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  for (uint64_t row = 0; row < rows; ++row) {
    if (!in[0].is_valid(row)) {
      out.set_null(row);
      continue;
    }
    const int32_t index = in[0].values<int32_t>()[row];
    const bool inside = index >= 1 && static_cast<size_t>(index) < in.size();
    if (!inside && info.mode == Mode::kAnsi)
      throw Error("INVALID_ARRAY_INDEX", {{"indexValue", std::to_string(index)},
                                          {"arraySize", std::to_string(in.size() - 1)},
                                          {"ansiConfig", "\"spark.sql.ansi.enabled\""}});
    if (inside && in[static_cast<size_t>(index)].is_valid(row))
      out.set_string(row, text_at(in[static_cast<size_t>(index)], row));
    else
      out.set_null(row);
  }
}

// Letters in upper and lower case, digits and others replaced; a NULL replacement keeps them.
void mask(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  for (uint64_t row = 0; row < rows; ++row) {
    if (!in[0].is_valid(row)) {
      out.set_null(row);
      continue;
    }
    const icu::UnicodeString text = icu::UnicodeString::fromUTF8(icu::StringPiece(
        text_at(in[0], row).data(), static_cast<int32_t>(text_at(in[0], row).size())));
    std::string result;
    for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
      const UChar32 c = text.char32At(i);
      const size_t kind = u_isUUppercase(c) != 0   ? 1
                          : u_isULowercase(c) != 0 ? 2
                          : u_isdigit(c) != 0      ? 3
                                                   : 4;
      if (in[kind].is_valid(row))
        result += text_at(in[kind], row);
      else
        icu::UnicodeString(c).toUTF8String(result);
    }
    out.set_string(row, result);
  }
}

using Words = std::vector<std::vector<std::string>>;
Words sentences_of(const icu::UnicodeString& text, const icu::Locale& locale) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::BreakIterator> sentences(
      icu::BreakIterator::createSentenceInstance(locale, status));
  const std::unique_ptr<icu::BreakIterator> words(
      icu::BreakIterator::createWordInstance(locale, status));
  if (U_FAILURE(status) != 0) throw_unsupported("sentences: the break rules of this language");
  Words found;
  sentences->setText(text);
  int32_t begin = sentences->first();
  for (int32_t end = sentences->next(); end != icu::BreakIterator::DONE;
       begin = end, end = sentences->next()) {
    const icu::UnicodeString sentence(text, begin, end - begin);
    found.emplace_back();
    words->setText(sentence);
    int32_t from = words->first();
    for (int32_t to = words->next(); to != icu::BreakIterator::DONE;
         from = to, to = words->next()) {
      if (u_isalnum(sentence.char32At(from)) == 0) continue;
      std::string word;
      icu::UnicodeString(sentence, from, to - from).toUTF8String(word);
      found.back().push_back(std::move(word));
    }
  }
  return found;
}
void sentences(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  std::vector<std::pair<uint64_t, uint64_t>> inner;  // begin, length
  std::vector<std::string> words;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = inner.size();
    if (in[0].is_valid(row)) {
      const auto part = [&](size_t i) {
        return in.size() > i && in[i].is_valid(row) ? std::string(text_at(in[i], row)) : "";
      };
      const std::string language = part(1), country = part(2);
      const icu::Locale locale =
          language.empty() ? icu::Locale::getUS() : icu::Locale(language.c_str(), country.c_str());
      const Text text = text_at(in[0], row);
      for (auto& sentence : sentences_of(icu::UnicodeString::fromUTF8(icu::StringPiece(
                                             text.data(), static_cast<int32_t>(text.size()))),
                                         locale)) {
        inner.emplace_back(words.size(), sentence.size());
        for (std::string& word : sentence) words.push_back(std::move(word));
      }
    } else {
      out.set_null(row);
    }
    out.values<ListEntry>()[row] = {begin, inner.size() - begin};
  }
  out.resize(inner.size());
  Output& lists = out.child(0);
  for (size_t i = 0; i < inner.size(); ++i)
    lists.values<ListEntry>()[i] = {inner[i].first, inner[i].second};
  lists.resize(words.size());
  for (size_t i = 0; i < words.size(); ++i) lists.child(0).set_string(i, words[i]);
}

// ---- URLs, as java.net.URI takes them apart
struct Url {
  std::optional<Text> scheme, authority, query, fragment;
  Text path;
};
std::optional<Url> split_url(Text text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || c == '<' || c == '>' || c == '"' || c == '{' ||
        c == '}' || c == '|' || c == '\\' || c == '^' || c == '`')
      return std::nullopt;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    const bool hex = i + 2 < text.size() &&
                     std::isxdigit(static_cast<unsigned char>(text[i + 1])) &&
                     std::isxdigit(static_cast<unsigned char>(text[i + 2]));
    if (!hex) return std::nullopt;
  }
  Url url;
  if (const size_t at = text.find('#'); at != Text::npos) {
    url.fragment = text.substr(at + 1);
    text = text.substr(0, at);
  }
  const size_t colon = text.find(':'), slash = text.find_first_of("/?");
  if (colon != Text::npos && (slash == Text::npos || colon < slash)) {
    if (colon == 0) return std::nullopt;
    url.scheme = text.substr(0, colon);
    text = text.substr(colon + 1);
    if (text.empty()) return std::nullopt;
    if (text[0] != '/') return url;  // opaque: mailto:a@b
  }
  if (const size_t at = text.find('?'); at != Text::npos) {
    url.query = text.substr(at + 1);
    text = text.substr(0, at);
  }
  if (text.substr(0, 2) == "//") {
    const size_t end = std::min(text.find('/', 2), text.size());
    if (end > 2) url.authority = text.substr(2, end - 2);
    text = text.substr(end);
  }
  url.path = text;
  return url;
}
std::optional<std::string> url_part(const Url& url, Text part, std::optional<Text> key) {
  const auto text = [](const std::optional<Text>& value) -> std::optional<std::string> {
    if (!value) return std::nullopt;
    return std::string(*value);
  };
  const bool opaque = url.scheme && !url.authority && url.path.empty() && !url.query;
  if (part == "PROTOCOL") return text(url.scheme);
  if (part == "REF") return text(url.fragment);
  if (part == "AUTHORITY") return text(url.authority);
  if (part == "PATH") return opaque ? std::nullopt : std::optional(std::string(url.path));
  if (part == "FILE") {
    if (opaque) return std::nullopt;
    return std::string(url.path) + (url.query ? "?" + std::string(*url.query) : "");
  }
  if (part == "HOST" || part == "USERINFO") {
    if (!url.authority) return std::nullopt;
    const size_t at = url.authority->rfind('@');
    if (part == "USERINFO")
      return at == Text::npos ? std::nullopt
                              : std::optional(std::string(url.authority->substr(0, at)));
    Text host = at == Text::npos ? *url.authority : url.authority->substr(at + 1);
    if (const size_t colon = host.rfind(':'); colon != Text::npos && host.back() != ']')
      host = host.substr(0, colon);
    return host.empty() ? std::nullopt : std::optional(std::string(host));
  }
  if (part != "QUERY") return std::nullopt;
  if (!key || !url.query) return text(url.query);
  Text rest = *url.query;
  while (true) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const Text pair = rest.substr(0, end);
    if (pair.size() > key->size() && pair.substr(0, key->size()) == *key &&
        pair[key->size()] == '=')
      return std::string(pair.substr(key->size() + 1));
    if (end == rest.size()) return std::nullopt;
    rest = rest.substr(end + 1);
  }
}
void parse_url(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    const Text text = text_at(in[0], row), part = text_at(in[1], row);
    const std::optional<Url> url = split_url(text);
    if (!url && info.mode == Mode::kAnsi) throw Error("INVALID_URL", {{"url", std::string(text)}});
    const bool keyed_other = in.size() > 2 && part != "QUERY";
    write(out, row,
          !url || keyed_other
              ? std::nullopt
              : url_part(*url, part,
                         in.size() > 2 ? std::optional(text_at(in[2], row)) : std::nullopt));
  }
}

// ---- UTF-8. Strings are valid already; bytes may not be.
bool is_utf8(Text s) {
  for (int32_t i = 0; i < static_cast<int32_t>(s.size());) {
    UChar32 c = 0;
    U8_NEXT(s.data(), i, static_cast<int32_t>(s.size()), c);
    if (c < 0) return false;
  }
  return true;
}
void is_valid_utf8(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text s) { return is_utf8(s); });
}
void validate_utf8(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [&](Text s) -> std::optional<std::string> {
    if (is_utf8(s)) return std::string(s);
    if (info.mode == Mode::kTry) return std::nullopt;
    throw_invalid("The string is not valid UTF-8.");
  });
}
void make_valid_utf8(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text s) {
    std::string text;
    icu::UnicodeString::fromUTF8(icu::StringPiece(s.data(), static_cast<int32_t>(s.size())))
        .toUTF8String(text);
    return text;
  });
}

constexpr uint32_t kTextPartsStrict = kNullOnNull;
constexpr KernelRow kRowsOfTextParts[] = {
    {"elt", elt, kFallible},
    {"mask", mask, kNoFlags},
    {"sentences", sentences, kNoFlags},
    {"parse_url", parse_url, kTextPartsStrict | kFallible},
    {"is_valid_utf8", is_valid_utf8, kTextPartsStrict},
    {"validate_utf8", validate_utf8, kTextPartsStrict | kFallible},
    {"make_valid_utf8", make_valid_utf8, kTextPartsStrict},
};

}  // namespace

std::span<const KernelRow> text_part_kernels() { return kRowsOfTextParts; }

}  // namespace firn::kernels
