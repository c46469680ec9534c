// What firn writes of the table format, and the format's fixed names.
#pragma once

namespace firn::iceberg {

inline constexpr int kNewestWritten = 2;  // format-version of metadata, manifests and lists
inline constexpr const char* kMain = "main";

}  // namespace firn::iceberg
