// The targets of streaming queries by format: Iceberg tables, memory, the console, Kafka, nothing,
// a function.
#pragma once

#include "session/streaming_queries.h"

namespace firn::session {

// The target that a write names, its table made where toTable() asks for it. `resolved` is the
// write's query. Throws what the format refuses.
stream::Target make_stream_target(Session& session, const StreamWrite& write, plan::OutputMode mode,
                                  const plan::RelationPtr& resolved);

// As DataFrame.show() prints rows. Cells are shortened to `truncate` characters (0: not).
std::string shown_rows(const std::vector<std::string>& names,
                       const std::vector<std::vector<std::string>>& rows, size_t truncate);

}  // namespace firn::session
