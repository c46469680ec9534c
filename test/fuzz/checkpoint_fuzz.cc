// uses: base types files iceberg stream
// What a checkpoint and offsets hold, from any bytes: an error that says so, never a crash.
#include <cstdint>
#include <string>

#include "base/error.h"
#include "stream/prepared_json.h"
#include "stream/source/offsets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto try_one = [](auto parse) {
    try {
      parse();
    } catch (const firn::Error&) {  // what damaged text must end in
    }
  };
  try_one([&] { firn::stream::parse_prepared(text, "checkpoint"); });
  try_one([&] { firn::stream::parse_offsets(text, "offsets"); });
  try_one([&] { firn::stream::parse_assignment(text); });
  return 0;
}
