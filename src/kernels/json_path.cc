// JSON as slices of its text, and paths into it.
#include "kernels/json_path.h"

#include <charconv>
#include <cstdlib>

#include "base/json_string.h"
#include "kernels/number_text.h"
#include "kernels/utf8.h"

namespace firn::kernels {
namespace {

bool is_json_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
void skip_blanks(std::string_view text, size_t& at) {
  while (at < text.size() && is_json_blank(text[at])) ++at;
}

bool skip_string(std::string_view text, size_t& at) {
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == quote)
      return ++at, true;
  }
  return false;
}

bool skip_container(std::string_view text, size_t& at) {
  std::string open;
  do {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      if (!skip_string(text, at)) return false;
      continue;
    }
    if (c == '{' || c == '[') open += c;
    if (c == '}' || c == ']') {
      if (open.back() != (c == '}' ? '{' : '[')) return false;
      open.pop_back();
    }
    ++at;
  } while (!open.empty() && at < text.size());
  return open.empty();
}

}  // namespace

std::optional<std::string_view> scan_json_value(std::string_view text, size_t& at) {
  skip_blanks(text, at);
  if (at >= text.size()) return std::nullopt;
  const size_t start = at;
  const char c = text[at];
  if (c == '{' || c == '[') {
    if (!skip_container(text, at)) return std::nullopt;
  } else if (c == '"' || c == '\'') {
    if (!skip_string(text, at)) return std::nullopt;
  } else {
    while (at < text.size() && !is_json_blank(text[at]) &&
           std::string_view(",]}:").find(text[at]) == std::string_view::npos)
      ++at;
    const std::string_view token = text.substr(start, at - start);
    const bool number = !token.empty() && (token[0] == '-' || (token[0] >= '0' && token[0] <= '9'));
    if (!number && token != "true" && token != "false" && token != "null" && token != "NaN" &&
        token != "Infinity")
      return std::nullopt;
  }
  return text.substr(start, at - start);
}

bool each_json_member(std::string_view object,
                      const std::function<bool(const std::string&, std::string_view)>& member) {
  size_t at = 1;
  skip_blanks(object, at);
  if (at < object.size() && object[at] == '}') return true;
  while (at < object.size()) {
    const auto key = scan_json_value(object, at);
    if (!key || (key->front() != '"' && key->front() != '\'')) return false;
    skip_blanks(object, at);
    if (at >= object.size() || object[at++] != ':') return false;
    const auto value = scan_json_value(object, at);
    if (!value) return false;
    if (!member(unescape_json(*key), *value)) return true;
    skip_blanks(object, at);
    if (at >= object.size()) return false;
    if (object[at] == '}') return true;
    if (object[at++] != ',') return false;
    skip_blanks(object, at);
  }
  return false;
}

bool each_json_element(std::string_view array,
                       const std::function<bool(std::string_view)>& element) {
  size_t at = 1;
  skip_blanks(array, at);
  if (at < array.size() && array[at] == ']') return true;
  while (at < array.size()) {
    const auto value = scan_json_value(array, at);
    if (!value) return false;
    if (!element(*value)) return true;
    skip_blanks(array, at);
    if (at >= array.size()) return false;
    if (array[at] == ']') return true;
    if (array[at++] != ',') return false;
  }
  return false;
}

std::string unescape_json(std::string_view quoted) {
  std::string text;
  const std::string_view content = quoted.substr(1, quoted.size() - 2);
  const auto hex4 = [&](size_t at) {
    uint32_t unit = 0;
    if (at + 4 <= content.size())
      std::from_chars(content.data() + at, content.data() + at + 4, unit, 16);
    return unit;
  };
  for (size_t i = 0; i < content.size(); ++i) {
    if (content[i] != '\\' || i + 1 == content.size()) {
      text += content[i];
      continue;
    }
    switch (const char c = content[++i]; c) {
      case 'b':
        text += '\b';
        break;
      case 'f':
        text += '\f';
        break;
      case 'n':
        text += '\n';
        break;
      case 'r':
        text += '\r';
        break;
      case 't':
        text += '\t';
        break;
      case 'u': {
        uint32_t unit = hex4(i + 1);
        i += 4;
        if (unit >= 0xD800 && unit < 0xDC00 && content.substr(i + 1, 2) == "\\u") {
          const uint32_t low = hex4(i + 3);
          if (low >= 0xDC00 && low < 0xE000) {
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            i += 6;
          }
        }
        append_code_point(text, unit);
        break;
      }
      default:
        text += c;
    }
  }
  return text;
}

static bool is_number_part(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

void append_compact_json(std::string& out, std::string_view value) {
  for (size_t at = 0; at < value.size();) {
    if (value[at] == '"' || value[at] == '\'') {
      size_t end = at;
      skip_string(value, end);
      if (value[at] == '"')
        out += value.substr(at, end - at);
      else
        append_json_string(out, unescape_json(value.substr(at, end - at)));
      at = end;
    } else if (value[at] == '-' || (value[at] >= '0' && value[at] <= '9')) {
      size_t end = at;
      while (end < value.size() && is_number_part(value[end])) ++end;
      const std::string_view number = value.substr(at, end - at);
      if (number.find_first_of(".eE") == std::string_view::npos) {
        out += number;
      } else {  // a fraction goes through a double, as in Spark: 1.50 becomes 1.5
        out += java_text(std::strtod(std::string(number).c_str(), nullptr));
      }
      at = end;
    } else {
      if (!is_json_blank(value[at])) out += value[at];
      ++at;
    }
  }
}

std::optional<JsonPath> JsonPath::parse(std::string_view text) {
  if (text.empty() || text[0] != '$') return std::nullopt;
  JsonPath path;
  for (size_t at = 1; at < text.size();) {
    if (text[at] == '.') {
      size_t end = ++at;
      while (end < text.size() && text[end] != '.' && text[end] != '[') ++end;
      if (end == at) return std::nullopt;
      const std::string_view name = text.substr(at, end - at);
      path.steps_.push_back(
          {name == "*" ? Step::Kind::kAnyMember : Step::Kind::kName, std::string(name)});
      at = end;
    } else if (text[at] == '[') {
      const bool quoted = at + 1 < text.size() && text[at + 1] == '\'';
      const size_t close = quoted ? text.find("']", at + 2) : text.find(']', at);
      if (close == std::string_view::npos) return std::nullopt;
      const std::string_view inside =
          text.substr(at + (quoted ? 2 : 1), close - at - (quoted ? 2 : 1));
      Step step{Step::Kind::kAnyElement, std::string(inside)};
      if (quoted) {
        step.kind = inside == "*" ? Step::Kind::kAnyMember : Step::Kind::kName;
      } else if (inside != "*") {
        step.kind = Step::Kind::kIndex;
        const auto [end, error] =
            std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
        if (error != std::errc() || end != inside.data() + inside.size()) return std::nullopt;
      }
      path.steps_.push_back(std::move(step));
      at = close + (quoted ? 2 : 1);
    } else {
      return std::nullopt;
    }
  }
  for (const Step& step : path.steps_) path.wild_ |= step.kind == Step::Kind::kAnyElement;
  return path;
}

void JsonPath::collect(std::string_view value, size_t index,
                       std::vector<std::string_view>& found) const {
  if (index == steps_.size()) {
    found.push_back(value);
    return;
  }
  const Step& step = steps_[index];
  switch (step.kind) {
    case Step::Kind::kName:
      if (value.front() == '{') {
        each_json_member(value, [&](const std::string& key, std::string_view child) {
          if (key != step.name) return true;
          if (child != "null") collect(child, index + 1, found);
          return false;
        });
      } else if (value.front() == '[' &&
                 wild_) {  // a name behind [*] looks into the elements of nested arrays
        each_json_element(
            value, [&](std::string_view child) { return collect(child, index, found), true; });
      }
      break;
    case Step::Kind::kAnyMember:
      if (value.front() != '{') break;
      each_json_member(value, [&](const std::string&, std::string_view child) {
        return collect(child, index + 1, found), true;
      });
      break;
    case Step::Kind::kIndex:
    case Step::Kind::kAnyElement: {
      if (value.front() != '[') break;
      size_t at = 0;
      each_json_element(value, [&](std::string_view child) {
        if (step.kind == Step::Kind::kAnyElement || at == step.index)
          collect(child, index + 1, found);
        return ++at, step.kind == Step::Kind::kAnyElement || at <= step.index;
      });
    }
  }
}

std::optional<std::string> JsonPath::find(std::string_view json) const {
  size_t at = 0;
  const auto root = scan_json_value(json, at);
  if (!root) return std::nullopt;
  std::vector<std::string_view> found;
  collect(*root, 0, found);
  if (found.empty()) return std::nullopt;
  std::string text;
  if (!wild_ && found.size() == 1) {
    if (found[0] == "null") return std::nullopt;
    if (found[0].front() == '"' || found[0].front() == '\'') return unescape_json(found[0]);
    append_compact_json(text, found[0]);
    return text;
  }
  if (found.size() > 1) text += '[';
  for (size_t i = 0; i < found.size(); ++i) {
    if (i > 0) text += ',';
    append_compact_json(text, found[i]);
  }
  if (found.size() > 1) text += ']';
  return text;
}

}  // namespace firn::kernels
