// Bytes ↔ messages, with the bounds that the server sets.
#pragma once

#include <google/protobuf/message_lite.h>

#include <string>
#include <string_view>

namespace firn::server::spark_connect {

inline constexpr int kMostMessageBytes = 128 << 20;
inline constexpr int kMostMessageDepth = 1024;  // a plan of 500 chained operators has 1,000 levels

// Throws CONNECT_INVALID_PLAN.CANNOT_PARSE where the bytes are no such message, FIRN_RESOURCE where
// it nests deeper than kMostMessageDepth.
void parse(std::string_view bytes, google::protobuf::MessageLite& message);

template <class Message>
Message parsed(std::string_view bytes) {
  Message message;
  parse(bytes, message);
  return message;
}

// zstd, with the size that it unpacks to bounded.
std::string decompressed(std::string_view bytes);

}  // namespace firn::server::spark_connect
