// Columns that no file holds but every file scan can give; names find them, stars do not.
#pragma once

namespace firn::plan {

inline constexpr const char* kFileMetadataColumn = "__firn_file_metadata";  // _metadata
inline constexpr const char* kInputFileColumn = "__firn_input_file";        // input_file_name()
// What begins so is found by the name behind it.
inline constexpr const char* kHiddenPrefix = "__firn_hidden:";

}  // namespace firn::plan
