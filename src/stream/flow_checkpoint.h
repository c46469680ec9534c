// Which checkpoint a pipeline's query goes on from. Flows that share a source are one query with
// one checkpoint, in a folder that is named after one of them.
#pragma once

#include <string>
#include <vector>

#include "files/file_store.h"

namespace firn::stream {

// The flow among `flows` that names their query's checkpoint folder below `base`: the one that has
// a checkpoint, wherever it stands in the file; else the first. `all`: every flow of the file.
// Throws INVALID_INPUT, saying what to do, where a new checkpoint would read again what one of the
// flows has read already: several have a checkpoint, or a flow was part of a query whose name has
// left the file.
std::string flow_with_checkpoint(files::FileStore& store, const std::string& base,
                                 const std::vector<std::string>& flows,
                                 const std::vector<std::string>& all);

// Keeps the query's flows beside its checkpoint (firn/flows: a JSON list), for the next start.
void note_flows(files::FileStore& store, const std::string& checkpoint,
                const std::vector<std::string>& flows);

}  // namespace firn::stream
