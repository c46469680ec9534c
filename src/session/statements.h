// Statements that change rows; session.cc dispatches to them.
#pragma once

#include "session/session.h"

namespace firn::session {

Result delete_rows(Session&, const plan::Delete&, const StopToken&);
Result truncate_table(Session&, const plan::Truncate&, const StopToken&);
Result update_rows(Session&, const plan::Update&, const StopToken&);
Result merge_rows(Session&, const plan::Merge&, const StopToken&);
Result write_table(Session&, const plan::WriteTable&, const StopToken&);

// The parts of an assigned column without the table's name or alias in front of them.
plan::NameParts assigned_column(const plan::NameParts& written,
                                const std::vector<plan::Attribute>& columns);

}  // namespace firn::session
