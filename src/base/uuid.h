// The text of a UUID.
#pragma once

#include <string_view>

namespace firn {

// Whether it is one as RFC 9562 writes it: 36 characters, digits in either case.
bool is_uuid(std::string_view text);

}  // namespace firn
