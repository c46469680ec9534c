// Runs resolved plans: plan → DuckDB parse tree → prepared → chunks. The database instance behind
// it is disposable: after an internal error the engine opens a fresh one; nothing of ours lives in
// it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/stop_token.h"
#include "engine/chunk.h"
#include "plan/relation.h"
#include "types/value.h"

namespace firn::files {
class FileStore;
}

namespace firn::engine {

struct EngineOptions {
  int threads = 0;           // 0: cores
  int64_t memory_bytes = 0;  // 0: engine's own default share
  std::string spill_folder;  // "" = no spilling
};

// Where Slot relations read from while a plan runs. pull() is called by one thread at a time for
// one slot.
class ChunkSource {
 public:
  virtual ~ChunkSource() = default;
  // False at the end of this run's input. May block (streaming), honours the run's stop token.
  virtual bool pull(Chunk& out) = 0;
};

struct Bindings {
  std::map<int, ChunkSource*> slots;     // by Slot::id
  std::vector<types::Value> parameters;  // by Parameter::index; types fixed at prepare
};

// Rows of one run, pulled. Not safe for concurrent use. Destroying it early cancels the run.
class RowStream {
 public:
  virtual ~RowStream() = default;
  virtual const std::vector<plan::Attribute>& columns() const = 0;
  virtual bool next(Chunk& out) = 0;  // false at the end; throws the query's Error
};

// Prepared once, run often; a run never plans or binds again (rebinds() counts where it did: tests
// want 0).
class Prepared {
 public:
  virtual ~Prepared() = default;
  virtual std::unique_ptr<RowStream> run(const Bindings&, StopToken = {}) = 0;  // one run at a time
  virtual int64_t rebinds() const = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  // `relation` is resolved and rewritten. Result types equal its output types (checked).
  virtual std::unique_ptr<Prepared> prepare(const plan::RelationPtr& relation,
                                            std::vector<types::DataType> parameter_types = {}) = 0;
  virtual std::unique_ptr<RowStream> run(const plan::RelationPtr& relation, StopToken = {}) = 0;
  // The DuckDB parse tree as text and DuckDB's physical plan, for EXPLAIN.
  virtual std::string explain_lowered(const plan::RelationPtr& relation) = 0;
  virtual std::string explain_physical(const plan::RelationPtr& relation) = 0;
};

// Throws where DuckDB's library version is not the one the headers are of. `store` outlives the
// engine.
std::unique_ptr<Engine> make_engine(const EngineOptions&, files::FileStore& store);

}  // namespace firn::engine
