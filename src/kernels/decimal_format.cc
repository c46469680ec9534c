// DecimalFormat on ICU's, whose patterns are Java's.
#include "kernels/decimal_format.h"

#include <unicode/dcfmtsym.h>
#include <unicode/decimfmt.h>

#include <limits>

#include "base/error.h"

namespace firn::kernels {

struct DecimalFormat::Body {
  std::unique_ptr<icu::DecimalFormat> format;
};

DecimalFormat::DecimalFormat(std::string_view pattern)
    : pattern_(pattern), body_(std::make_unique<Body>()) {
  UErrorCode status = U_ZERO_ERROR;
  const std::string text = pattern.empty() ? "#,###,###,###,###,###,##0" : pattern_;
  auto symbols = std::make_unique<icu::DecimalFormatSymbols>(icu::Locale::getUS(), status);
  body_->format = std::make_unique<icu::DecimalFormat>(icu::UnicodeString::fromUTF8(text),
                                                       symbols.release(), status);
  if (U_FAILURE(status))
    throw_invalid("format_number: '" + text + "' is no pattern of numbers, as '#,##0.00' is one");
  body_->format->setRoundingMode(icu::DecimalFormat::kRoundHalfEven);
}

DecimalFormat::~DecimalFormat() = default;

std::string DecimalFormat::format(std::string_view number) const {
  icu::UnicodeString made;
  UErrorCode status = U_ZERO_ERROR;
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  if (number == "NaN") return std::string(number);  // without what the pattern puts around it
  if (number == "Infinity" || number == "-Infinity") {
    body_->format->format(number.front() == '-' ? -kInfinite : kInfinite, made);
  } else {
    body_->format->format(icu::StringPiece(number.data(), static_cast<int32_t>(number.size())),
                          made, nullptr, status);
  }
  std::string text;
  made.toUTF8String(text);
  return text;
}

}  // namespace firn::kernels
