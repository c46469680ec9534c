// uses: base types files iceberg kernels columnar formats stream
// Any bytes as what a stream keeps of its operators: files of keys and of entries, kept values, the
// file source's log. Files come with checksums; bytes behind them are tried without.
#include <cstdint>
#include <string>
#include <string_view>

#include "attempt.h"
#include "files/file_store.h"
#include "format_rows.h"
#include "stream/source/file_log.h"
#include "stream/state/entry_file.h"
#include "stream/state/key_file.h"
#include "stream/state/value_codec.h"

using firn::fuzz::attempt;
namespace stream = firn::stream;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const firn::types::DataType kept = firn::types::DataType::structure(
      {{"n", firn::types::DataTypeId::kLong},
       {"s", firn::types::DataTypeId::kString},
       {"l", firn::types::DataType::array(firn::types::DataType::map(
                 firn::types::DataTypeId::kString, firn::types::DataTypeId::kDouble))},
       {"d", firn::types::DataType::decimal(38, 2)}});
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto store = firn::files::make_memory_store();
  for (const char* uri : {"mem://fuzz/state", "mem://fuzz/log/0"}) {
    const auto file = store->create(uri, firn::files::WriteMode::kOverwrite);
    file->write(bytes);
    file->finish();
  }
  attempt([&] {
    stream::KeyReader keys(*store, "mem://fuzz/state");
    while (keys.next() != nullptr) {
    }
  });
  attempt([&] {
    stream::read_entries(*store, "mem://fuzz/state", [](std::string_view, std::string_view) {});
  });
  attempt([&] { (void)stream::FileLog(*store, "mem://fuzz/log").all(); });
  attempt([&] {
    std::string_view left = bytes;
    firn::fuzz::Column column(kept, 1);
    stream::take_value(left, kept, column, 0);
  });
  attempt([&] {
    std::string_view left = bytes;
    (void)stream::take_window_end(left);
  });
  return 0;
}
