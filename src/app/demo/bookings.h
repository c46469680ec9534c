// The demo's pipeline: the text of examples/bookings/pipeline.sql, embedded by the build.
#pragma once

#include <string_view>

namespace firn::app {

std::string_view bookings_pipeline();

}  // namespace firn::app
