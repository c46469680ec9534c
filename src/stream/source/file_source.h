// Files that come into a folder as a stream: each is read once, in batches.
#pragma once

#include "stream/source/formats.h"

namespace firn::stream {

// Options of the stream itself; the others are the format's.
void check_file_options(const std::map<std::string, std::string>& options);
std::unique_ptr<Source> make_file_source(const plan::StreamSource&, SourceSurroundings);

}  // namespace firn::stream
