// A streaming write of files: each batch's files, and the log that says which of them count.
#pragma once

#include "session/streaming_queries.h"

namespace firn::session {

// Throws where the format has no writer or there is no path.
std::shared_ptr<stream::BatchSink> make_file_sink(Session& session, const StreamWrite& write,
                                                  const std::string& format);

}  // namespace firn::session
