// What streaming queries need of a session: tables by name, and the tables beside a stream.
#pragma once

#include "session/session.h"
#include "stream/query.h"

namespace firn::session {

// Safe for use by the query's threads while the session goes on, as long as its process lives.
stream::Services stream_services(Session& session, engine::Engine& engine);

// A StreamSource over a table that is there, and over files: parts are the format and a path.
plan::RelationPtr stream_from_table(Session&, const plan::NameParts& table,
                                    const plan::Options& options, plan::IdSource& fresh);
plan::RelationPtr stream_from_files(Session&, const plan::UnresolvedTable&, plan::IdSource& fresh);
// Table functions that are streaming sources: the format's own name with its options as arguments,
// or read_stream with the format as the argument __format.
bool is_stream_function(const std::string& name);
plan::RelationPtr stream_from_format(
    Session&, const std::string& name,
    const std::vector<std::pair<std::string, plan::Literal>>& arguments, plan::IdSource& fresh);

// "silver.events", "`a.b`.c" → parts.
plan::NameParts split_name(const std::string& text);

// Properties that keep a streaming table's commits cheap over a million of them
// (docs/architecture.md, "Flat cost").
const std::map<std::string, std::string>& streaming_properties();

// Chunks with these columns as a relation; its attributes are fresh.
plan::RelationPtr rows_relation(const std::vector<plan::Attribute>& columns,
                                std::vector<engine::Chunk> chunks, plan::IdSource& fresh);

}  // namespace firn::session
