// JSON text without a tree: its values as slices of the text, and the paths of get_json_object.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace firn::kernels {

// The value at `at` (blanks skipped); `at` moves behind it. nullopt where there is none.
std::optional<std::string_view> scan_json_value(std::string_view text, size_t& at);
// Calls `member` for each member of the object, `element` for each element of the array; they
// return false to stop. False where the text is broken. Keys come unescaped.
bool each_json_member(
    std::string_view object,
    const std::function<bool(const std::string& key, std::string_view value)>& member);
bool each_json_element(std::string_view array,
                       const std::function<bool(std::string_view value)>& element);
// The content of a JSON string with its quotes.
std::string unescape_json(std::string_view quoted);
// Without blanks between tokens.
void append_compact_json(std::string& out, std::string_view value);

class JsonPath {
 public:
  // nullopt where the text is no path ($.a.b[0][*]['c d'].*).
  static std::optional<JsonPath> parse(std::string_view text);
  // As get_json_object: strings without quotes; several matches as an array; nullopt where there is
  // nothing or a JSON null.
  std::optional<std::string> find(std::string_view json) const;

 private:
  struct Step {
    enum class Kind : unsigned char { kName, kIndex, kAnyElement, kAnyMember } kind;
    std::string name;
    size_t index = 0;
  };
  void collect(std::string_view value, size_t step, std::vector<std::string_view>& found) const;
  std::vector<Step> steps_;
  bool wild_ = false;
};

}  // namespace firn::kernels
