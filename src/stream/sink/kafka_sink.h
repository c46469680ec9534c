// Rows as messages: writeStream.format("kafka"). At least once: a batch that comes again is sent
// again.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plan/relation.h"
#include "stream/sink/sink.h"

namespace firn::stream {

// Columns: value (string or binary) and, where they are there, key, topic, partition. The option
// topic goes before the column. Throws what Spark throws where columns are missing or of other
// types.
std::shared_ptr<BatchSink> make_kafka_sink(const std::map<std::string, std::string>& options,
                                           const std::vector<plan::Attribute>& columns);

}  // namespace firn::stream
