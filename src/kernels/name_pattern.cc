// Names against regular expressions, by ICU.
#include "kernels/name_pattern.h"

#include <unicode/regex.h>
#include <unicode/unistr.h>

#include <memory>

namespace firn::kernels {
namespace {

icu::UnicodeString utf16_of(std::string_view text) {
  return icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())});
}

}  // namespace

std::optional<bool> matches_name(std::string_view pattern, std::string_view name, bool any_case) {
  UErrorCode status = U_ZERO_ERROR;
  UParseError where;
  const std::unique_ptr<icu::RegexPattern> compiled(icu::RegexPattern::compile(
      utf16_of(pattern), any_case ? UREGEX_CASE_INSENSITIVE : 0, where, status));
  if (U_FAILURE(status)) return std::nullopt;
  const icu::UnicodeString text = utf16_of(name);
  const std::unique_ptr<icu::RegexMatcher> matcher(compiled->matcher(text, status));
  if (U_FAILURE(status)) return std::nullopt;
  const bool matches = matcher->matches(status) != 0;
  return U_SUCCESS(status) && matches;
}

}  // namespace firn::kernels
