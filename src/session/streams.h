// What streaming queries need of a session: tables by name, and the tables beside a stream.
#pragma once

#include "session/session.h"
#include "stream/query.h"

namespace firn::session {

// Safe for use by the query's threads while the session goes on, as long as its process lives.
stream::Services stream_services(Session& session, engine::Engine& engine);

// A StreamSource over a table, and one over a format with its options (as `read_stream` has them).
plan::RelationPtr stream_from_table(Session&, const plan::UnresolvedTable&, plan::IdSource& fresh);
plan::RelationPtr stream_from_format(
    Session&, const std::vector<std::pair<std::string, plan::Literal>>& arguments,
    plan::IdSource& fresh);

}  // namespace firn::session
