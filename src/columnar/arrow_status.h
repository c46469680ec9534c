// Arrow's statuses as our errors.
#pragma once

#include <string>
#include <utility>

#include <arrow/result.h>
#include <arrow/status.h>

#include "base/error.h"

namespace firn::columnar {

// Of what we make ourselves: only memory can fail.
inline void must(const arrow::Status& status) {
  if (status.ok()) return;
  throw Error(status.IsOutOfMemory() ? "FIRN_RESOURCE" : "FIRN_INTERNAL",
              {{"what", "Arrow: " + status.ToString()}});
}
template <class T>
T must(arrow::Result<T> result) {
  must(result.status());
  return std::move(result).ValueUnsafe();
}

// Of what somebody sent us.
inline void must_be_valid(const arrow::Status& status) {
  if (!status.ok()) throw_corrupt("The Arrow data are invalid: " + status.message());
}
template <class T>
T must_be_valid(arrow::Result<T> result) {
  must_be_valid(result.status());
  return std::move(result).ValueUnsafe();
}

}  // namespace firn::columnar
