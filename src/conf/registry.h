// The one registry of configuration keys: Spark's, Iceberg's table properties and firn's own, with
// type, default and what firn does with them. SET, the documentation and the checks of options all
// read it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace firn::conf {

enum class KeyType : uint8_t {
  kBoolean,
  kInt,
  kLong,
  kDouble,
  kBytes,           // "128m", "1g"; a bare number is bytes
  kBytesOrPercent,  // also "75%" of this machine's memory
  kMillis,          // "10s", "5 min"; a bare number is milliseconds
  kSeconds,         // a bare number is seconds
  kString,
  kChoice,  // one of `choices`, any case
};

enum class Effect : uint8_t {
  kHonoured,  // firn does what it says
  kKept,      // stored and shown, without an effect here (it steers a JVM or a cluster)
  kRefused,   // only the default is taken: another value would change results and is not supported
};

struct Key {
  std::string_view name;  // a trailing '*' stands for the rest of the name
  KeyType type;
  std::string_view fallback;  // the default as text; "" where there is none
  Effect effect;
  std::string_view doc;
  std::string_view choices = {};  // "a|b|c"
};

std::span<const Key> spark_keys();
std::span<const Key> iceberg_keys();  // table properties
std::span<const Key> firn_keys();

// The row of a key, by its exact name first, then by the longest pattern; nullptr where there is
// none.
const Key* find_key(std::string_view name);

// Throws INVALID_CONF_VALUE.* where the text is no value of the key's type,
// UNSUPPORTED_FEATURE.FIRN where a refused key gets another value than its default,
// FIRN_UNKNOWN_OPTION (with the nearest right one) for an unknown firn.* key. Unknown keys of other
// namespaces are fine: Spark programs set many.
void check_value(std::string_view name, std::string_view value);

std::vector<std::string> choices_of(const Key& key);

}  // namespace firn::conf
