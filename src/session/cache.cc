// CACHE, UNCACHE, ANALYZE: statements about the planner's help, of which Iceberg tables need none.
#include "base/error.h"
#include "base/names.h"
#include "session/session.h"

namespace firn::session {
namespace {

void must_be_there(Session& session, const plan::NameParts& name) {
  SessionSurroundings surroundings(session);
  if (surroundings.find_table({name, false, nullptr, nullptr, {}}, session.ids()) == nullptr)
    throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", "`" + dotted(name) + "`"}});
}

}  // namespace

// Scans read through the caches of manifests, footers and files, whose contents never change: a
// table needs no copy of its rows in memory, and the session notes the name alone. CACHE TABLE t AS
// query gives the query a name.
Result cache_table(Session& session, const plan::CacheTable& node) {
  if (node.query != nullptr) {
    plan::CreateView view;
    view.name = node.name;
    view.temporary = true;
    view.query = node.query;
    Result made = create_view(session, view);
    session.cached().insert(session.cache_key(node.name));
    return made;
  }
  if (node.name.empty()) {
    session.cached().clear();
    return {};
  }
  if (!node.uncache || !node.if_exists) must_be_there(session, node.name);
  if (node.uncache) {
    session.cached().erase(session.cache_key(node.name));
  } else {
    session.cached().insert(session.cache_key(node.name));
  }
  return {};
}

Result analyze_table(Session& session, const plan::AnalyzeTable& node) {
  must_be_there(session, node.table);
  throw Error("NOT_SUPPORTED_COMMAND_FOR_V2_TABLE", {{"cmd", "ANALYZE TABLE"}});
}

}  // namespace firn::session
