// DataFrame.persist(): relations whose rows are kept from their first read on.
#pragma once

#include <string>

#include "server/spark_connect/client_session.h"

namespace spark::connect {
class Relation;
}

namespace firn::server::spark_connect {

// Equal for messages that are equal.
std::string fingerprint(const ::spark::connect::Relation& message);

// Under the planning lock. True where a part of `message` is persisted: `out` is the message with
// those parts replaced by rows. What was not read before is run now.
bool replace_persisted(ClientSession& session, const ::spark::connect::Relation& message,
                       ::spark::connect::Relation& out);

// Under the planning lock: rows of all persisted relations are made anew at their next read, as
// tables have changed.
void forget_rows(ClientSession& session);

}  // namespace firn::server::spark_connect
