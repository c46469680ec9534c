// uses: formats columnar iceberg kernels files types base
// Any bytes as a compressed file of each codec, and as text of each charset. The first byte
// chooses.
#include <cstdint>
#include <string>
#include <string_view>

#include "attempt.h"
#include "files/file_store.h"
#include "formats/byte_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static constexpr const char* kNames[] = {"a.gz",     "a.deflate", "a.bz2", "a.zst",
                                           "a.snappy", "a.lz4",     "a.txt"};
  static constexpr const char* kCharsets[] = {"UTF-8",  "ISO-8859-1", "US-ASCII", "windows-1252",
                                              "UTF-16", "UTF-16LE",   "UTF-32",   "UTF-32BE"};
  if (size < 2) return 0;
  const std::string uri = std::string("mem://fuzz/") + kNames[data[0] % std::size(kNames)];
  const auto store = firn::files::make_memory_store();
  const auto file = store->create(uri, firn::files::WriteMode::kOverwrite);
  file->write({reinterpret_cast<const char*>(data) + 2, size - 2});
  file->finish();
  firn::fuzz::attempt([&] {
    const auto text = firn::formats::decode_charset(firn::formats::open_bytes(*store, uri),
                                                    kCharsets[data[1] % std::size(kCharsets)]);
    std::string buffer(64 << 10, '\0');
    size_t total = 0;  // what unpacks without end ends here
    for (size_t got = 1; got > 0 && total < (64 << 20); total += got)
      got = text->read(buffer.data(), buffer.size());
  });
  return 0;
}
