// uses: formats columnar iceberg kernels files types base
// Any lines as actions of a Delta log, and any bytes as a deletion vector.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "formats/delta_log.h"

namespace {

// Errors of firn are answers, all but those that say that firn is wrong.
template <class Action>
void attempt(Action action) {
  try {
    action();
  } catch (const firn::Error& error) {
    if (error.code() == firn::Code::kInternal) throw;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const firn::formats::DeletionVector vector{"i", "", 0, static_cast<std::int64_t>(size)};
  attempt([&] { (void)firn::formats::read_deletion_vector(vector, text); });
  attempt([&] { (void)firn::formats::decode_base85(text); });
  firn::formats::DeltaTable table;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    attempt([&] { table.apply(text.substr(0, end)); });
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  attempt([&] {
    for (const firn::formats::DeltaFile& file : table.files()) {
      if (file.deleted) (void)file.deleted->uri("mem://t");
    }
  });
  return 0;
}
