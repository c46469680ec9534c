// compile_regex(): which of the two engines takes a pattern, and what ICU must be told of Java.
#include "kernels/regex.h"

#include <re2/re2.h>
#include <unicode/regex.h>
#include <unicode/utext.h>

#include "base/error.h"

namespace firn::kernels {
namespace {

class LinearRegex final : public Regex {
 public:
  explicit LinearRegex(std::unique_ptr<const re2::RE2> regex) : regex_(std::move(regex)) {}
  int groups() const override { return regex_->NumberOfCapturingGroups(); }
  bool find(std::string_view text, size_t from, std::vector<std::string_view>* found) override {
    const re2::StringPiece in(text.data(), text.size());
    pieces_.resize(found == nullptr ? 0 : static_cast<size_t>(groups()) + 1);
    if (!regex_->Match(in, from, text.size(), re2::RE2::UNANCHORED, pieces_.data(),
                       static_cast<int>(pieces_.size())))
      return false;
    if (found == nullptr) return true;
    found->clear();
    for (const re2::StringPiece& piece : pieces_) found->emplace_back(piece.data(), piece.size());
    return true;
  }

 private:
  std::unique_ptr<const re2::RE2> regex_;
  std::vector<re2::StringPiece> pieces_;
};

constexpr int32_t kTimeLimit = 10'000;  // steps of ICU's, of about a millisecond each

class BacktrackingRegex final : public Regex {
 public:
  BacktrackingRegex(std::unique_ptr<icu::RegexPattern> pattern, std::string text)
      : pattern_(std::move(pattern)), text_(std::move(text)) {
    UErrorCode status = U_ZERO_ERROR;
    matcher_.reset(pattern_->matcher(status));
    if (U_SUCCESS(status)) matcher_->setTimeLimit(kTimeLimit, status);
    check(status);
    groups_ = matcher_->groupCount();
  }
  ~BacktrackingRegex() override { utext_close(&input_); }
  int groups() const override { return groups_; }
  bool find(std::string_view text, size_t from, std::vector<std::string_view>* found) override {
    UErrorCode status = U_ZERO_ERROR;
    utext_openUTF8(&input_, text.data() == nullptr ? "" : text.data(),
                   static_cast<int64_t>(text.size()), &status);
    check(status);
    matcher_->reset(&input_);
    const bool matched = matcher_->find(static_cast<int64_t>(from), status);
    check(status);
    if (!matched || found == nullptr) return matched;
    found->clear();
    for (int group = 0; group <= groups_; ++group) {
      const int64_t begin = matcher_->start64(group, status), end = matcher_->end64(group, status);
      check(status);
      found->push_back(
          begin < 0 ? std::string_view()
                    : text.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
    }
    return true;
  }

 private:
  void check(UErrorCode status) const {
    if (U_SUCCESS(status)) return;
    throw Error(
        "FIRN_RESOURCE",
        {{"what", "the regular expression '" + text_ + "' takes too long (" + u_errorName(status) +
                      "): it goes back and forth over the text. Write it with fewer "
                      "repetitions within repetitions."}});
  }
  std::unique_ptr<icu::RegexPattern> pattern_;
  const std::string text_;
  std::unique_ptr<icu::RegexMatcher> matcher_;
  UText input_ = UTEXT_INITIALIZER;
  int groups_ = 0;
};

// Classes within classes and intersections: RE2 reads them as other classes.
bool has_nested_class(std::string_view pattern) {
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i], next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (c == '\\') {
      ++i;
    } else if (!in_class) {
      in_class = c == '[';
      if (in_class && next == '^') ++i;
      if (in_class && i + 1 < pattern.size() && pattern[i + 1] == ']') ++i;
    } else if (c == ']') {
      in_class = false;
    } else if ((c == '[' && next != ':') || (c == '&' && next == '&')) {
      return true;
    } else if (c == '[') {  // [:alpha:]
      const size_t end = pattern.find(":]", i);
      if (end != std::string_view::npos) i = end + 1;
    }
  }
  return false;
}

// Java's \d, \w and \s are of ASCII; ICU's are not.
std::string in_ascii(std::string_view pattern) {
  std::string out;
  int depth = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '[') ++depth;
    if (c == ']' && depth > 0) --depth;
    if (c != '\\' || i + 1 == pattern.size()) {
      out += c;
      continue;
    }
    const char next = pattern[++i];
    const char* ascii = next == 'd'   ? "0-9"
                        : next == 'w' ? "a-zA-Z_0-9"
                        : next == 's' ? " \\t\\n\\x0B\\f\\r"
                                      : nullptr;
    const char* outside = next == 'D' ? "[^0-9]" : next == 'W' ? "[^a-zA-Z_0-9]" : nullptr;
    if (ascii != nullptr) {
      out += depth > 0 ? std::string(ascii) : "[" + std::string(ascii) + "]";
    } else if (outside != nullptr && depth == 0) {
      out += outside;
    } else {
      out += c;
      out += next;
    }
  }
  return out;
}

}  // namespace

std::unique_ptr<Regex> compile_regex(std::string_view pattern, const char* function) {
  if (!has_nested_class(pattern)) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    auto linear =
        std::make_unique<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
    if (linear->ok()) return std::make_unique<LinearRegex>(std::move(linear));
  }
  UErrorCode status = U_ZERO_ERROR;
  UParseError where;
  const std::string text = in_ascii(pattern);
  std::unique_ptr<icu::RegexPattern> compiled(
      icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(icu::StringPiece(
                                     text.data(), static_cast<int32_t>(text.size()))),
                                 0, where, status));
  if (U_FAILURE(status) || compiled == nullptr)
    throw Error("INVALID_PARAMETER_VALUE.PATTERN",
                {{"parameter", "`regexp`"},
                 {"functionName", "`" + std::string(function) + "`"},
                 {"value", "'" + std::string(pattern) + "'"}});
  return std::make_unique<BacktrackingRegex>(std::move(compiled), std::string(pattern));
}

Regex& RegexCache::get(std::string_view pattern, const char* function) {
  if (last_ != nullptr && last_pattern_ == pattern) return *last_;
  auto found = compiled_.find(pattern);
  if (found == compiled_.end()) {
    if (compiled_.size() > 1000) compiled_.clear();
    found = compiled_.emplace(std::string(pattern), compile_regex(pattern, function)).first;
  }
  last_ = found->second.get();
  last_pattern_ = pattern;
  return *last_;
}

}  // namespace firn::kernels
