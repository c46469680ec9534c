// One run of the simulation: a seed, its faults, what came of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "world.h"

namespace firn::simulation {

struct Outcome {
  std::string problem;  // "" where all is well
  std::vector<std::string> log, orphans;
  std::vector<std::string> happened;  // faults that made a difference, ends of processes
};

// The faults that the seed stands for.
std::vector<Fault> draw_faults(uint64_t seed);
// The same seed and faults give the same run. `is_whole`: with DuckDB and Parquet.
Outcome run_scenario(uint64_t seed, const std::vector<Fault>& faults, bool is_whole, bool traces);
// As few of the faults as still make it fail.
std::vector<Fault> shrink(uint64_t seed, std::vector<Fault> faults, bool is_whole);

}  // namespace firn::simulation
