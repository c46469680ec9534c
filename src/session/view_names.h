// Names of temporary views: "v" is the session's, "global_temp.v" a global one.
#pragma once

#include <optional>
#include <string>

#include "plan/command.h"

namespace firn::session {

inline constexpr const char* kGlobalTemp = "global_temp";  // spark.sql.globalTempDatabase

// Its key in a session; nullopt: the name cannot be a temporary view's.
std::optional<std::string> temporary_view_key(const plan::NameParts& name);

bool is_global_view(const std::string& key);
// The view's name alone.
std::string view_name(const std::string& key);

}  // namespace firn::session
