// One request to a service of AWS that speaks "AWS JSON 1.1": POST, the operation in a header, a
// signature.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "files/http_client.h"
#include "files/s3_options.h"

namespace firn::files {

// `target`: "AWSGlue.GetTable". `once`: over a connection of its own, so that nothing is sent twice
// behind the caller's back. seconds: since 1970, UTC. One attempt; never throws for the network's
// sake.
HttpResponse post_aws_json(HttpClient&, const AwsService&, const std::string& target,
                           std::string_view body, bool once, int64_t seconds);

}  // namespace firn::files
