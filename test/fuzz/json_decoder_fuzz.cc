// uses: base types kernels
// from_json on any bytes: both paths agree on the outcome, and nothing is thrown.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "kernels/json_decoder.h"

namespace {

using firn::kernels::JsonSink;
using firn::types::DataType;
using firn::types::DataTypeId;

// One row of scalar columns, in memory of its own.
struct Row {
  explicit Row(const DataType& type)
      : memory(type.fields().size() * 2, std::vector<char>(64, static_cast<char>(0xff))) {
    root.physical = firn::kernels::Physical::kStruct;
    for (size_t i = 0; i < type.fields().size(); ++i) {
      JsonSink sink;
      sink.physical = firn::kernels::physical_of(type.fields()[i].type);
      sink.data = memory[2 * i].data();
      sink.validity = reinterpret_cast<uint64_t*>(memory[2 * i + 1].data());
      root.children.push_back(sink);
    }
  }
  std::vector<std::vector<char>> memory;
  JsonSink root;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const DataType type = DataType::structure({{"event_id", DataTypeId::kString},
                                                    {"at", DataTypeId::kTimestamp},
                                                    {"ok", DataTypeId::kBoolean},
                                                    {"price", DataTypeId::kDouble},
                                                    {"n", DataTypeId::kLong},
                                                    {"day", DataTypeId::kDate},
                                                    {"amount", DataType::decimal(12, 2)},
                                                    {"raw", DataTypeId::kBinary}});
  std::string text(reinterpret_cast<const char*>(data), size);
  text.append(64, '\0');
  const std::string_view view(text.data(), size);
  firn::kernels::JsonDecoder decoder(type, {});
  firn::kernels::Arena arena;
  Row fast(type), tolerant(type);
  if (decoder.decode(view, true, 0, fast.root, arena) !=
      decoder.decode_tolerant(view, 0, tolerant.root, arena))
    std::abort();
  return 0;
}
