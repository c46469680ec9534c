// Parsing with a depth of our own: protobuf's 100 levels refuse plans of 50 operators.
#include "server/spark_connect/messages.h"

#include <google/protobuf/io/coded_stream.h>
#include <zstd.h>

#include <memory>

#include "base/error.h"

namespace firn::server::spark_connect {
namespace {

constexpr int kDeepest = 16'384;  // tried only to tell "too deep" from "broken"

bool parse_within(std::string_view bytes, google::protobuf::MessageLite& message, int depth) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()),
                                               static_cast<int>(bytes.size()));
  input.SetRecursionLimit(depth);
  return message.ParseFromCodedStream(&input) && input.ConsumedEntireMessage();
}

bool is_too_deep(std::string_view bytes, const google::protobuf::MessageLite& message) {
  const std::unique_ptr<google::protobuf::MessageLite> again(message.New());
  return parse_within(bytes, *again, kDeepest);
}

}  // namespace

void parse(std::string_view bytes, google::protobuf::MessageLite& message) {
  if (bytes.size() <= static_cast<size_t>(kMostMessageBytes) &&
      parse_within(bytes, message, kMostMessageDepth))
    return;
  if (bytes.size() < (1U << 20) && is_too_deep(bytes, message)) {
    throw Error("FIRN_RESOURCE",
                {{"what", "The plan nests more than " + std::to_string(kMostMessageDepth) +
                              " messages in one another. Split it: write a part into a temporary "
                              "view or a table, or checkpoint() the DataFrame."}});
  }
  throw Error("CONNECT_INVALID_PLAN.CANNOT_PARSE",
              {{"errorMsg", "the bytes are no message of type " + message.GetTypeName()}});
}

std::string decompressed(std::string_view bytes) {
  const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  const bool known = size != ZSTD_CONTENTSIZE_UNKNOWN && size != ZSTD_CONTENTSIZE_ERROR;
  if (known && size > static_cast<unsigned long long>(kMostMessageBytes)) {
    throw Error(
        "CONNECT_INVALID_PLAN.PLAN_SIZE_LARGER_THAN_MAX",
        {{"planSize", std::to_string(size)}, {"maxPlanSize", std::to_string(kMostMessageBytes)}});
  }
  const auto fail = [](const char* why) {
    throw Error("CONNECT_INVALID_PLAN.CANNOT_PARSE", {{"errorMsg", why}});
  };
  std::string out;
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  std::string buffer(ZSTD_DStreamOutSize(), '\0');
  size_t left = 1;
  while (input.pos < input.size) {
    ZSTD_outBuffer output{buffer.data(), buffer.size(), 0};
    left = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(left) != 0) fail(ZSTD_getErrorName(left));
    out.append(buffer.data(), output.pos);
    if (out.size() > static_cast<size_t>(kMostMessageBytes)) {
      throw Error("CONNECT_INVALID_PLAN.PLAN_SIZE_LARGER_THAN_MAX",
                  {{"planSize", "more than " + std::to_string(out.size())},
                   {"maxPlanSize", std::to_string(kMostMessageBytes)}});
    }
  }
  if (left != 0) fail("the compressed plan is cut short");
  return out;
}

}  // namespace firn::server::spark_connect
