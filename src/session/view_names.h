// Names of temporary views: "v" is the session's, "global_temp.v" a global one.
#pragma once

#include <optional>
#include <string>

#include "plan/command.h"

namespace firn::session {

inline constexpr const char* kGlobalTemp = "global_temp";  // spark.sql.globalTempDatabase

// The key in Session::temporary_views(); nullopt: the name cannot be a temporary view's.
std::optional<std::string> temporary_view_key(const plan::NameParts& name);

}  // namespace firn::session
