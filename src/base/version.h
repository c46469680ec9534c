// firn's own version, as it stands in snapshots, logs and --version.
#pragma once

namespace firn {

inline constexpr const char* kVersion =
    "0.1.0";  // equal to the project's version in CMakeLists.txt

}  // namespace firn
