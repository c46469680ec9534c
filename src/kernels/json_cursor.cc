// The tolerant reader. Depth is bounded by the options (Jackson: 1,000), so recursion is too.
#include "kernels/json_cursor.h"

#include <bit>
#include <cctype>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace firn::kernels {
namespace {

// The first quote, backslash or control character.
const char* find_string_end(const char* at, const char* end, char quote) {
#if defined(__SSE2__)
  const __m128i quotes = _mm_set1_epi8(quote), slashes = _mm_set1_epi8('\\'),
                controls = _mm_set1_epi8(0x1f);
  while (end - at >= 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i hit =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, quotes), _mm_cmpeq_epi8(block, slashes)),
                     _mm_cmpeq_epi8(_mm_max_epu8(block, controls), controls));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hit));
    if (mask != 0) return at + std::countr_zero(mask);
    at += 16;
  }
#endif
  while (at < end && *at != quote && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
  return at;
}

int json_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void append_utf8(char*& out, uint32_t code) {
  if (code < 0x80) {
    *out++ = static_cast<char>(code);
  } else if (code < 0x800) {
    *out++ = static_cast<char>(0xc0 | code >> 6);
    *out++ = static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    *out++ = static_cast<char>(0xe0 | code >> 12);
    *out++ = static_cast<char>(0x80 | (code >> 6 & 0x3f));
    *out++ = static_cast<char>(0x80 | (code & 0x3f));
  } else {
    *out++ = static_cast<char>(0xf0 | code >> 18);
    *out++ = static_cast<char>(0x80 | (code >> 12 & 0x3f));
    *out++ = static_cast<char>(0x80 | (code >> 6 & 0x3f));
    *out++ = static_cast<char>(0x80 | (code & 0x3f));
  }
}

JsonStatus worse(JsonStatus a, JsonStatus b) { return a > b ? a : b; }

}  // namespace

bool JsonCursor::read_string(std::string_view& out) {
  const char quote = *at_;
  if (quote != '"' && !(quote == '\'' && options_.allow_single_quotes)) return false;
  const char* const start = ++at_;
  at_ = string_end(quote);
  if (at_ >= end_ || static_cast<unsigned char>(*at_) < 0x20) return false;
  if (*at_ == '\\') return read_escaped(start, quote, out);
  out = {start, static_cast<size_t>(at_ - start)};
  ++at_;
  return true;
}

bool JsonCursor::read_escaped(const char* start, char quote, std::string_view& out) {
  const auto bound = static_cast<size_t>(end_ - start);  // no escape makes text longer
  char* const buffer = arena_.allocate(bound);
  char* to = buffer;
  const char* from = start;
  for (;;) {
    std::memcpy(to, from, static_cast<size_t>(at_ - from));
    to += at_ - from;
    if (at_ >= end_ || static_cast<unsigned char>(*at_) < 0x20) return false;
    if (*at_ == quote) break;
    ++at_;
    if (!read_escape(to)) return false;
    from = at_;
    at_ = string_end(quote);
  }
  ++at_;
  out = {buffer, static_cast<size_t>(to - buffer)};
  arena_.give_back(bound - out.size());
  return true;
}

bool JsonCursor::read_escape(char*& out) {
  if (at_ >= end_) return false;
  const char c = *at_++;
  switch (c) {
    case '"':
    case '\\':
    case '/':
      *out++ = c;
      return true;
    case '\'':
      *out++ = c;
      return options_.allow_single_quotes;
    case 'b':
      *out++ = '\b';
      return true;
    case 'f':
      *out++ = '\f';
      return true;
    case 'n':
      *out++ = '\n';
      return true;
    case 'r':
      *out++ = '\r';
      return true;
    case 't':
      *out++ = '\t';
      return true;
    case 'u':
      return read_unicode(out);
    default:
      *out++ = c;
      return options_.allow_any_escape;
  }
}

bool JsonCursor::read_unicode(char*& out) {
  const auto unit = [&](const char* at, uint32_t& code) {
    if (end_ - at < 4) return false;
    code = 0;
    for (int i = 0; i < 4; ++i) {
      const int digit = json_hex_digit(at[i]);
      if (digit < 0) return false;
      code = code << 4 | static_cast<uint32_t>(digit);
    }
    return true;
  };
  uint32_t code = 0, low = 0;
  if (!unit(at_, code)) return false;
  at_ += 4;
  if (code >= 0xd800 && code < 0xdc00 && end_ - at_ >= 6 && at_[0] == '\\' && at_[1] == 'u' &&
      unit(at_ + 2, low) && low >= 0xdc00 && low < 0xe000) {
    at_ += 6;
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  } else if (code >= 0xd800 && code < 0xe000) {
    code = '?';  // a lone surrogate has no UTF-8 form: Java writes a question mark
  }
  append_utf8(out, code);
  return true;
}

bool JsonCursor::scalar_token(JsonToken& token, std::string_view& text) {
  const auto word = [&](std::string_view wanted, JsonToken kind) {
    if (static_cast<size_t>(end_ - at_) < wanted.size() ||
        std::memcmp(at_, wanted.data(), wanted.size()) != 0)
      return false;
    const char* const behind = at_ + wanted.size();
    if (behind < end_ && (std::isalnum(static_cast<unsigned char>(*behind)) != 0 ||
                          *behind == '_' || *behind == '$'))
      return false;
    token = kind;
    text = {at_, wanted.size()};
    at_ = behind;
    return true;
  };
  switch (*at_) {
    case '"':
    case '\'':
      token = JsonToken::kString;
      return read_string(text);
    case 't':
      return word("true", JsonToken::kTrue);
    case 'f':
      return word("false", JsonToken::kFalse);
    case 'n':
      return word("null", JsonToken::kNull);
    default:
      break;
  }
  bool integer = false;
  const size_t size = scan_number(at_, end_, integer, options_.allow_leading_zeros);
  if (size > 0) {
    token = integer ? JsonToken::kInteger : JsonToken::kFraction;
    text = {at_, size};
    at_ += size;
    // A number ends at a blank, a comma or a bracket; anything else is a broken token.
    return at_ >= end_ || std::memchr(" \t\r\n,]}", *at_, 7) != nullptr ||
           (std::isalnum(static_cast<unsigned char>(*at_)) == 0 && *at_ != '.' && *at_ != '+' &&
            *at_ != '-' && *at_ != '_');
  }
  if (!options_.allow_non_numeric_numbers) return false;
  for (std::string_view name : {"NaN", "Infinity", "+Infinity", "-Infinity", "+INF", "-INF"}) {
    if (word(name, JsonToken::kNonNumeric)) return true;
  }
  return false;
}

bool JsonCursor::next_member(bool& first, char close, bool& done) {
  skip_blanks();
  if (at_end()) return false;
  done = *at_ == close;
  if (done) {
    ++at_;
    return true;
  }
  if (!first) {
    if (*at_ != ',') return false;
    ++at_;
    skip_blanks();
    if (at_end()) return false;
  }
  first = false;
  return true;
}

void JsonCursor::skip_comments() {
  while (end_ - at_ >= 2 && *at_ == '/' && (at_[1] == '/' || at_[1] == '*')) {
    const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
    const size_t stop = at_[1] == '/' ? rest.find('\n') : rest.find("*/", 2);
    at_ = stop == std::string_view::npos ? end_ : at_ + stop + (at_[1] == '/' ? 1 : 2);
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
}

const char* JsonCursor::string_end(char quote) const {
  const char* at = find_string_end(at_, end_, quote);
  while (options_.allow_control_characters && at < end_ && static_cast<unsigned char>(*at) < 0x20)
    at = find_string_end(at + 1, end_, quote);
  return at;
}

bool JsonCursor::read_key(std::string_view& key) {
  const bool bare = options_.allow_unquoted_names && *at_ != '"' && *at_ != '\'';
  if (bare) {
    const char* const start = at_;
    while (at_ < end_ && (std::isalnum(static_cast<unsigned char>(*at_)) != 0 || *at_ == '_' ||
                          *at_ == '$' || *at_ == '-' || static_cast<unsigned char>(*at_) >= 0x80))
      ++at_;
    key = {start, static_cast<size_t>(at_ - start)};
    if (key.empty()) return false;
  } else if (!read_string(key)) {
    return false;
  }
  skip_blanks();
  if (at_end() || *at_ != ':') return false;
  ++at_;
  skip_blanks();
  return !at_end();
}

JsonStatus JsonCursor::skip(int depth) {
  if (!is_container()) {
    JsonToken token{};
    std::string_view text;
    return scalar_token(token, text) ? JsonStatus::kOk : JsonStatus::kBroken;
  }
  if (depth >= options_.max_depth) return JsonStatus::kBroken;
  const bool object = *at_ == '{';
  ++at_;
  std::string_view key;
  for (bool first = true, done = false;;) {
    if (!next_member(first, object ? '}' : ']', done)) return JsonStatus::kBroken;
    if (done) return JsonStatus::kOk;
    if (object && !read_key(key)) return JsonStatus::kBroken;
    if (skip(depth + 1) == JsonStatus::kBroken) return JsonStatus::kBroken;
  }
}

JsonStatus JsonCursor::store_token(const JsonShape& shape, uint64_t row, JsonSink& sink) {
  JsonToken token{};
  std::string_view text;
  if (!scalar_token(token, text)) return JsonStatus::kBroken;
  if (token != JsonToken::kNull && store_scalar(shape, token, text, row, sink, arena_, zone_))
    return JsonStatus::kOk;
  set_null(sink, row);
  return token == JsonToken::kNull ? JsonStatus::kOk : JsonStatus::kBadValue;
}

// Without the blanks between its tokens.
std::string_view JsonCursor::compact(std::string_view text) {
  char* const out = arena_.allocate(text.size());
  size_t size = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == ' ' || c == '\n' || c == '\r' || c == '\t')) continue;
    out[size++] = c;
    if (quote == 0) {
      if (c == '"' || c == '\'') quote = c;
    } else if (c == '\\' && i + 1 < text.size()) {
      out[size++] = text[++i];
    } else if (c == quote) {
      quote = 0;
    }
  }
  return {out, size};
}

JsonStatus JsonCursor::store(const JsonShape& shape, uint64_t row, JsonSink& sink, int depth) {
  if (!is_container()) return store_token(shape, row, sink);
  if (*at_ == '{' && shape.id == types::DataTypeId::kStruct)
    return store_object(shape, row, sink, depth);
  if (*at_ == '{' && shape.id == types::DataTypeId::kMap) return store_map(shape, row, sink, depth);
  if (*at_ == '[' && shape.id == types::DataTypeId::kArray)
    return store_array(shape, row, sink, depth);
  const char* const start = at_;
  if (skip(depth) == JsonStatus::kBroken) return JsonStatus::kBroken;
  std::string_view text(start,
                        static_cast<size_t>(at_ - start));  // a STRING takes any value's own text
  if (shape.id == types::DataTypeId::kString && options_.compact_texts) text = compact(text);
  if (shape.id == types::DataTypeId::kString) {
    return store_scalar(shape, JsonToken::kObject, text, row, sink, arena_, zone_)
               ? JsonStatus::kOk
               : JsonStatus::kBadValue;
  }
  set_null(sink, row);
  return JsonStatus::kBadValue;
}

JsonStatus JsonCursor::store_object(const JsonShape& shape, uint64_t row, JsonSink& sink,
                                    int depth) {
  if (depth >= options_.max_depth) return JsonStatus::kBroken;
  ++at_;
  const size_t width = shape.names.size();
  uint64_t seen = 0;  // of the first 64 fields; the others start as null
  for (size_t i = 64; i < width; ++i) set_null(sink.children[i], row);
  JsonStatus status = JsonStatus::kOk;
  size_t expected = 0;  // most texts keep the schema's order
  std::string_view key;
  for (bool first = true, done = false;;) {
    if (!next_member(first, '}', done)) return JsonStatus::kBroken;
    if (done) break;
    if (!read_key(key)) return JsonStatus::kBroken;
    size_t index = expected;
    if (index >= width || shape.names[index] != key) {
      for (index = 0; index < width && shape.names[index] != key; ++index) {
      }
    }
    if (index == width) {
      if (skip(depth + 1) == JsonStatus::kBroken) return JsonStatus::kBroken;
      continue;
    }
    expected = index + 1;
    JsonSink& child = sink.children[index];
    child.validity[row >> 6] |= uint64_t{1} << (row & 63);  // a repeated key: the last one wins
    if (index < 64) seen |= uint64_t{1} << index;
    const JsonStatus one = store(shape.children[index], row, child, depth + 1);
    if (one == JsonStatus::kBroken) return one;
    status = worse(status, one);
  }
  for (size_t i = 0; i < width && i < 64; ++i) {
    if ((seen >> i & 1) == 0) set_null(sink.children[i], row);
  }
  return status;
}

JsonStatus JsonCursor::store_alone(const JsonShape& array, uint64_t row, JsonSink& sink) {
  if (sink.used >= sink.capacity) sink.reserve(sink, sink.used + 1);
  const uint64_t slot = sink.used++;
  static_cast<ListEntry*>(sink.data)[row] = {slot, 1};
  return store(array.children[0], slot, sink.children[0], 1);
}

JsonStatus JsonCursor::store_array(const JsonShape& shape, uint64_t row, JsonSink& sink,
                                   int depth) {
  if (depth >= options_.max_depth) return JsonStatus::kBroken;
  ++at_;
  const uint64_t start = sink.used;
  JsonStatus status = JsonStatus::kOk;
  bool misfit = false;  // an element that does not fit makes the whole array null
  for (bool first = true, done = false;;) {
    if (!next_member(first, ']', done)) return JsonStatus::kBroken;
    if (done) break;
    if (misfit) {
      if (skip(depth + 1) == JsonStatus::kBroken) return JsonStatus::kBroken;
      continue;
    }
    if (sink.used >= sink.capacity) sink.reserve(sink, sink.used + 1);
    const uint64_t slot = sink.used++;
    const bool partial = *at_ == '{' && shape.children[0].id == types::DataTypeId::kStruct;
    const JsonStatus one = store(shape.children[0], slot, sink.children[0], depth + 1);
    if (one == JsonStatus::kBroken) return one;
    status = worse(status, one);
    misfit = one == JsonStatus::kBadValue && !partial;
  }
  if (misfit) {
    set_null(sink, row);
    return JsonStatus::kBadValue;
  }
  static_cast<ListEntry*>(sink.data)[row] = {start, sink.used - start};
  return status;
}

JsonStatus JsonCursor::store_map(const JsonShape& shape, uint64_t row, JsonSink& sink, int depth) {
  if (depth >= options_.max_depth) return JsonStatus::kBroken;
  ++at_;
  const uint64_t start = sink.used;
  JsonStatus status = JsonStatus::kOk;
  bool misfit = false;
  std::string_view key;
  for (bool first = true, done = false;;) {
    if (!next_member(first, '}', done)) return JsonStatus::kBroken;
    if (done) break;
    if (!read_key(key)) return JsonStatus::kBroken;
    if (misfit) {
      if (skip(depth + 1) == JsonStatus::kBroken) return JsonStatus::kBroken;
      continue;
    }
    if (sink.used >= sink.capacity) sink.reserve(sink, sink.used + 1);
    JsonSink& pairs = sink.children[0];
    auto* const keys = static_cast<StringRef*>(pairs.children[0].data);
    const StringRef name(key.data(), static_cast<uint32_t>(key.size()));
    uint64_t slot = start;  // a repeated key keeps its place, the last value wins
    while (slot < sink.used && keys[slot].view() != key) ++slot;
    if (slot == sink.used) keys[sink.used++] = name;
    pairs.children[1].validity[slot >> 6] |= uint64_t{1} << (slot & 63);
    const bool partial = *at_ == '{' && shape.children[1].id == types::DataTypeId::kStruct;
    const JsonStatus one = store(shape.children[1], slot, pairs.children[1], depth + 1);
    if (one == JsonStatus::kBroken) return one;
    status = worse(status, one);
    misfit = one == JsonStatus::kBadValue && !partial;
  }
  if (misfit) {
    set_null(sink, row);
    return JsonStatus::kBadValue;
  }
  static_cast<ListEntry*>(sink.data)[row] = {start, sink.used - start};
  return status;
}

}  // namespace firn::kernels
