// DataFrame.inputFiles().
#pragma once

#include <string>
#include <vector>

#include "plan/relation.h"

namespace firn::server::spark_connect {

// Paths of the files that a resolved plan reads, each once, sorted.
std::vector<std::string> files_of(const plan::Relation& resolved);

}  // namespace firn::server::spark_connect
