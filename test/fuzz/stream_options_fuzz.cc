// uses: base types files iceberg stream
// Lines "name=value" as options of a Kafka source.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "attempt.h"
#include "stream/source/kafka_options.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  firn::stream::SourceOptions options;
  for (const std::string_view line :
       firn::fuzz::pieces({reinterpret_cast<const char*>(data), size}, '\n')) {
    const size_t sign = std::min(line.find('='), line.size());
    options[std::string(line.substr(0, sign))] = line.substr(std::min(sign + 1, line.size()));
  }
  firn::fuzz::attempt([&] { (void)firn::stream::parse_kafka_options(options); });
  return 0;
}
