// Look-up of keys and the check of values against them.
#include "conf/registry.h"

#include <algorithm>
#include <cctype>
#include <unordered_map>

#include "base/error.h"
#include "base/nearest.h"
#include "conf/value_text.h"

namespace firn::conf {
namespace {

constexpr std::string_view kOwnNamespace = "firn.";

struct Index {
  std::unordered_map<std::string_view, const Key*> exact;
  std::vector<const Key*> patterns;  // longest first
};

Index make_index() {
  Index index;
  for (const auto& keys : {spark_keys(), iceberg_keys(), firn_keys()}) {
    for (const Key& key : keys) {
      if (key.name.ends_with('*')) {
        index.patterns.push_back(&key);
      } else {
        index.exact.emplace(key.name, &key);
      }
    }
  }
  std::sort(index.patterns.begin(), index.patterns.end(),
            [](const Key* a, const Key* b) { return a->name.size() > b->name.size(); });
  return index;
}

const Index& index() {
  static const Index made = make_index();
  return made;
}

struct TypeRow {
  KeyType type;
  std::string_view name;  // as Spark's error names it
  bool (*reads)(std::string_view);
};
const TypeRow kTypes[] = {
    {KeyType::kBoolean, "boolean", [](std::string_view v) { return parse_boolean(v).has_value(); }},
    {KeyType::kInt, "int", [](std::string_view v) { return parse_int(v).has_value(); }},
    {KeyType::kLong, "long", [](std::string_view v) { return parse_long(v).has_value(); }},
    {KeyType::kDouble, "double", [](std::string_view v) { return parse_double(v).has_value(); }},
    {KeyType::kBytes, "byte size (such as 128m)",
     [](std::string_view v) { return parse_bytes(v).has_value(); }},
    {KeyType::kBytesOrPercent, "byte size (such as 2g) or percentage (such as 75%)",
     [](std::string_view v) { return parse_bytes(v) || parse_percent(v); }},
    {KeyType::kMillis, "time (such as 10s)",
     [](std::string_view v) { return parse_millis(v, 1).has_value(); }},
    {KeyType::kSeconds, "time (such as 10s)",
     [](std::string_view v) { return parse_millis(v, 1000).has_value(); }},
};

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::vector<std::string> names_of_own_keys() {
  std::vector<std::string> names;
  for (const Key& key : firn_keys()) names.emplace_back(key.name);
  return names;
}

void check_type(const Key& key, std::string_view name, std::string_view value) {
  for (const TypeRow& row : kTypes) {
    if (row.type != key.type || row.reads(value)) continue;
    throw Error("INVALID_CONF_VALUE.TYPE_MISMATCH", {{"confValue", std::string(value)},
                                                     {"confName", std::string(name)},
                                                     {"confType", std::string(row.name)}});
  }
  if (key.type != KeyType::kChoice) return;
  std::string options;
  for (const std::string& choice : choices_of(key)) {
    if (same_word(choice, value)) return;
    options += (options.empty() ? "" : ", ") + choice;
  }
  throw Error("INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS", {{"confValue", std::string(value)},
                                                             {"confName", std::string(name)},
                                                             {"confOptions", options}});
}

}  // namespace

const Key* find_key(std::string_view name) {
  if (const auto found = index().exact.find(name); found != index().exact.end()) {
    return found->second;
  }
  for (const Key* key : index().patterns) {
    if (name.starts_with(key->name.substr(0, key->name.size() - 1))) return key;
  }
  return nullptr;
}

void check_value(std::string_view name, std::string_view value) {
  const Key* key = find_key(name);
  if (key == nullptr) {
    if (name.starts_with(kOwnNamespace)) {
      throw_unknown_option("configuration key", name, names_of_own_keys());
    }
    return;
  }
  check_type(*key, name, value);
  if (key->effect == Effect::kRefused && !same_word(value, key->fallback)) {
    throw_unsupported(std::string(name) + "=" + std::string(value) + " (firn runs with " +
                      (key->fallback.empty() ? "none" : std::string(key->fallback)) + ")");
  }
}

std::vector<std::string> choices_of(const Key& key) {
  std::vector<std::string> choices;
  for (std::string_view rest = key.choices; !rest.empty();) {
    const size_t bar = std::min(rest.find('|'), rest.size());
    choices.emplace_back(rest.substr(0, bar));
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  return choices;
}

}  // namespace firn::conf
