// JSON files that are written: an object a line.
#pragma once

#include <memory>
#include <string>

#include "formats/reader.h"

namespace firn::formats {

std::string json_extension(const Options& options, const types::DataType& schema);
std::unique_ptr<RowWriter> create_json(files::FileStore& store, const std::string& uri,
                                       const Options& options, const types::DataType& schema);

}  // namespace firn::formats
