// SHA-256 (FIPS 180-4) and HMAC over it (RFC 2104), for request signatures.
#pragma once

#include <string>
#include <string_view>

namespace firn::files {

std::string sha256(std::string_view bytes);                             // 32 bytes
std::string hmac_sha256(std::string_view key, std::string_view bytes);  // 32 bytes
std::string to_hex(std::string_view bytes);                             // lower case

}  // namespace firn::files
