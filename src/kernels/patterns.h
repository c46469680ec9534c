// LIKE patterns and regular expressions, compiled once per pattern and thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace firn::kernels {

// A LIKE pattern: % any text, _ one code point, an escape character before each of them or itself.
class LikePattern {
 public:
  // Throws INVALID_FORMAT.ESC_* where the escape character stands before another one or at the end.
  LikePattern(std::string_view pattern, char escape);
  bool matches(std::string_view text) const;

 private:
  enum class Token : unsigned char { kText, kOne, kAny };
  struct Piece {
    Token token;
    std::string text;
  };
  bool matches_from(std::string_view text, size_t piece) const;
  std::vector<Piece> pieces_;
};

}  // namespace firn::kernels
