// Partition and sort transforms as statements write them.
#pragma once

#include <string>

#include "plan/command.h"
#include "types/schema.h"
#include "types/transform.h"

namespace firn::session {

// The transform that a statement names. Errors name it.
types::Transform transform_of(const plan::PartitionTransform& written);
plan::PartitionTransform written_transform(const types::Transform&, const std::string& column);
// DataFrames give transforms as text too: partitionedBy("year(hire_date)"). A "column" that the
// schema does not have and that reads as a call becomes that call.
plan::PartitionTransform read_transform(const plan::PartitionTransform& written,
                                        const types::Schema& schema);

}  // namespace firn::session
