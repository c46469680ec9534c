// Every function of the table has a lowering, and every kernel that a lowering names exists.
#include "engine/lower_functions.h"

#include <gtest/gtest.h>

namespace firn::engine {
namespace {

TEST(LowerFunctions, EveryFunctionHasALowering) {
  for (const functions::Function& function : functions::all_functions()) {
    const bool cut_out =
        function.kind == functions::Kind::kGenerator || function.kind == functions::Kind::kTable;
    if (cut_out || (function.flags & functions::kReplaced) != 0) continue;
    EXPECT_NE(find_lowering(function.name), nullptr) << function.name;
  }
}

TEST(LowerFunctions, KernelsHaveDistinctNames) {
  std::set<std::string_view> names;
  for (const kernels::KernelRow* row : kernels::all_kernels())
    EXPECT_TRUE(names.insert(row->name).second) << row->name;
}

}  // namespace
}  // namespace firn::engine
