// Whole numbers in the JSON of checkpoints. nlohmann's get() cuts off what its type does not hold,
// and makes numbers of fractions.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

namespace firn::stream {

// Nothing where it is no whole number, or none that the type holds.
template <class Whole, class Json>
std::optional<Whole> whole_number(const Json& json) {
  if (json.is_number_unsigned()) {
    const auto number = json.template get<uint64_t>();
    return std::in_range<Whole>(number) ? std::optional(static_cast<Whole>(number)) : std::nullopt;
  }
  if (!json.is_number_integer()) return std::nullopt;
  const auto number = json.template get<int64_t>();
  return std::in_range<Whole>(number) ? std::optional(static_cast<Whole>(number)) : std::nullopt;
}

// Throws nlohmann's exception.
template <class Whole, class Json>
Whole required_whole_number(const Json& json) {
  if (const auto number = whole_number<Whole>(json)) return *number;
  throw Json::other_error::create(
      501, std::string("a ") + json.type_name() + " is no whole number in range",
      static_cast<const Json*>(nullptr));
}

}  // namespace firn::stream
