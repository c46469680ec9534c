// A source's options: matched without regard to case, checked against those that the format has.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ascii.h"

namespace firn::stream {

class FormatOptions {
 public:
  // Throws FIRN_UNKNOWN_OPTION for an option that is none of `known` (empty: all are fine).
  FormatOptions(const std::string& format, const std::map<std::string, std::string>& options,
                const std::vector<std::string>& known);
  std::optional<std::string> text(const std::string& name) const;
  // Throw FIRN_INVALID_INPUT that names the option.
  std::optional<int64_t> number(const std::string& name, int64_t least) const;
  bool flag(const std::string& name, bool otherwise) const;

 private:
  std::string format_;
  std::map<std::string, std::string> values_;  // by lower-case name
};

}  // namespace firn::stream
