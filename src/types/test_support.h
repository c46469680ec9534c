// Values that the unit tests of several modules build. Only *_test.cc files and their fixtures
// include it.
#pragma once

#include <string>
#include <utility>

#include "types/schema.h"

namespace firn::types {

inline Field field(int id, std::string name, Type type, bool required = false) {
  Field made;
  made.id = id;
  made.name = std::move(name);
  made.type = std::move(type);
  made.required = required;
  return made;
}

}  // namespace firn::types
