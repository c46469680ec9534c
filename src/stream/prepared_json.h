// The prepared record ⇄ JSON: file entries whole, values with their kind, bytes in base64.
#pragma once

#include <string>
#include <string_view>

#include "stream/ledger.h"

namespace firn::stream {

std::string write_prepared(const PreparedRecord&);
// Throws Error STREAM_CHECKPOINT_CORRUPT naming `location`.
PreparedRecord parse_prepared(std::string_view json, const std::string& location);

}  // namespace firn::stream
