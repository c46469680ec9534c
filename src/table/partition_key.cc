// See partition_key.h.
#include "table/partition_key.h"

#include <cstring>
#include <type_traits>
#include <variant>

namespace firn::table {

namespace {

template <typename T>
void append_raw(std::string& key, char tag, const T& value) {
  key += tag;
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  key.append(bytes, sizeof(T));
}

void append_text(std::string& key, char tag, const std::string& text) {
  append_raw(key, tag, static_cast<uint64_t>(text.size()));
  key += text;
}

void append_value(std::string& key, const types::Value& value) {
  std::visit(
      [&key](const auto& v) {
        using V = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<V, types::Null>) {
          key += 'n';
        } else if constexpr (std::is_integral_v<V>) {
          append_raw(key, 'i', static_cast<int64_t>(v));
        } else if constexpr (std::is_floating_point_v<V>) {
          append_raw(key, 'f', static_cast<double>(v));
        } else if constexpr (std::is_same_v<V, types::Decimal>) {
          append_raw(key, 'd', v.unscaled);
        } else if constexpr (std::is_same_v<V, std::string>) {
          append_text(key, 's', v);
        } else {
          append_text(key, 'b', v.data);
        }
      },
      value);
}

}  // namespace

std::string partition_key(int spec_id, const std::vector<types::Value>& partition) {
  std::string key;
  append_raw(key, 'k', spec_id);
  for (const auto& value : partition) append_value(key, value);
  return key;
}

}  // namespace firn::table
