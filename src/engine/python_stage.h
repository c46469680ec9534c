// Python functions while a plan runs: the plan is cut at them, rows go out to a worker process and
// come back through a slot.
#pragma once

#include <memory>
#include <vector>

#include "engine/engine.h"
#include "plan/relation.h"

namespace firn::engine {

// A PythonEval or PythonMap of the plan, which reads `input` and fills the slot.
struct PythonStage {
  int slot = 0;
  plan::Relation node;
  plan::RelationPtr input;  // lowerable: its own Python nodes are slots too
  size_t passed_columns =
      0;  // PythonEval: that many columns of the input go through beside the results
};

// The plan with every Python node replaced by a slot. Stages stand in the order in which they feed
// each other.
plan::RelationPtr cut_python(const plan::RelationPtr& relation, std::vector<PythonStage>& stages);

// Runs the stage's input on a thread of its own, from the first pull on.
std::unique_ptr<ChunkSource> run_python_stage(const PythonStage& stage, Prepared& input,
                                              Bindings bindings, StopToken stop);

}  // namespace firn::engine
