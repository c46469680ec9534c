// Avro object container files that are written.
#pragma once

#include <memory>
#include <string>

#include "formats/reader.h"

namespace firn::formats {

std::string avro_extension(const Options& options, const types::DataType& schema);
std::unique_ptr<RowWriter> create_avro(files::FileStore& store, const std::string& uri,
                                       const Options& options, const types::DataType& schema);

}  // namespace firn::formats
