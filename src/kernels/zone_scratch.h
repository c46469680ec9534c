// The call's time zone, looked up once a thread.
#pragma once

#include "kernels/kernel.h"
#include "kernels/time_zone.h"

namespace firn::kernels {

// Throws INVALID_TIMEZONE where the conf names no zone. The scratch then belongs to it.
const TimeZone& zone_of(const CallInfo& info, Scratch& scratch);

}  // namespace firn::kernels
