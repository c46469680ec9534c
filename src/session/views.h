// Views in the catalog.
#pragma once

#include "session/session.h"

namespace firn::session {

Result create_catalog_view(Session&, const plan::CreateView&);
Result drop_view(Session&, const catalog::TableName&, bool if_exists);
// ALTER VIEW … SET | UNSET TBLPROPERTIES. False where there is no such view.
bool alter_view_properties(Session&, const plan::AlterTableProperties&);

}  // namespace firn::session
