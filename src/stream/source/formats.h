// The formats that a stream can be read from, by name: their columns and how a source is made.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"
#include "files/file_store.h"
#include "plan/relation.h"
#include "stream/source/source.h"
#include "table/table.h"
#include "types/data_type.h"

namespace firn::stream {

struct SourceSurroundings {
  engine::Engine& engine;
  files::FileStore& store;
  Clock& clock;
  std::function<table::Table(const std::vector<std::string>& name)> open_table;
  std::string folder;               // URI: sources/<n> of the checkpoint
  std::vector<std::string> wanted;  // columns of the source that batches have, in order
};

// Options that firn's front ends add to the user's.
inline constexpr const char* kPathOption = "path";
inline constexpr const char* kTableOption = "__table";  // the name's parts, each behind a U+001F

std::string encode_table_name(const std::vector<std::string>& parts);
std::vector<std::string> decode_table_name(const std::string& text);

// The columns of readStream.format(format).options(…).schema(given): a struct. `given` is null
// where the user named no schema. Throws FIRN_UNKNOWN_OPTION, UNSUPPORTED_FEATURE naming the
// format.
types::DataType source_schema(const std::string& format,
                              const std::map<std::string, std::string>& options,
                              const types::DataType* given);

std::unique_ptr<Source> make_source(const plan::StreamSource&, SourceSurroundings);

}  // namespace firn::stream
