// A query's progress and events as Spark's JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "stream/query.h"

namespace firn::session {

std::string progress_json(const stream::Progress& progress, const std::string& name);
std::string started_json(const std::string& id, const std::string& run_id, const std::string& name,
                         int64_t started_ms);
std::string idle_json(const std::string& id, const std::string& run_id, int64_t now_ms);
std::string terminated_json(const std::string& id, const std::string& run_id,
                            const std::optional<std::string>& exception,
                            const std::optional<std::string>& error_class);

}  // namespace firn::session
