// An Iceberg table as a stream: the rows of the files that each append added, snapshot by snapshot.
#pragma once

#include "stream/source/formats.h"

namespace firn::stream {

void check_iceberg_stream_options(const std::map<std::string, std::string>& options);
std::unique_ptr<Source> make_iceberg_source(const plan::StreamSource&, SourceSurroundings);

}  // namespace firn::stream
