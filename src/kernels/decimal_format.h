// Numbers by a pattern of java.text.DecimalFormat: "#,##0.00", in English.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace firn::kernels {

// Not safe for concurrent use.
class DecimalFormat {
 public:
  explicit DecimalFormat(std::string_view pattern);  // throws FIRN_INVALID_INPUT
  ~DecimalFormat();
  // `number`: as a decimal or with an exponent; NaN and Infinity too.
  std::string format(std::string_view number) const;
  const std::string& pattern() const { return pattern_; }

 private:
  struct Body;
  const std::string pattern_;
  std::unique_ptr<Body> body_;
};

}  // namespace firn::kernels
