// What the answers of catalog services have in common.
#pragma once

#include <cstddef>
#include <string>

#include "iceberg/json_cursor.h"

namespace firn::catalog {

// Why a service did not do what was asked.
struct ServiceFailure {
  std::string type;  // "EntityNotFoundException"; "" where the answer is no error of the protocol's
  std::string message;

  // For a person; `status` is HTTP's, 0 where no answer came.
  std::string text(int status) const;
};

inline constexpr size_t kShownBytes = 300;  // of an answer that is no JSON

// {} where the member is missing.
iceberg::Properties string_map(const iceberg::JsonCursor& json, const char* name);

}  // namespace firn::catalog
