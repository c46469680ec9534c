// Regular expressions with Java's syntax: RE2 where it knows it, else ICU, which backtracks
// (look-around, back references, possessive quantifiers, classes within classes).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace firn::kernels {

// Not safe for concurrent use.
class Regex {
 public:
  virtual ~Regex() = default;
  virtual int groups() const = 0;  // without the whole match
  // The first match from byte `from` on; into `found`, unless null, the whole match and then the
  // groups: views of `text`, data() is null where a group took no part. Throws FIRN_RESOURCE where
  // backtracking takes too long.
  virtual bool find(std::string_view text, size_t from, std::vector<std::string_view>* found) = 0;
};

// Throws INVALID_PARAMETER_VALUE.PATTERN, which names `function`.
std::unique_ptr<Regex> compile_regex(std::string_view pattern, const char* function);

// Compiles each pattern once.
class RegexCache {
 public:
  Regex& get(std::string_view pattern, const char* function);

 private:
  std::map<std::string, std::unique_ptr<Regex>, std::less<>> compiled_;
  Regex* last_ = nullptr;
  std::string last_pattern_;
};

}  // namespace firn::kernels
