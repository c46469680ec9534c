// uses: formats columnar iceberg kernels files types base
// Any bytes as CSV: line by line and as a whole, with every way of taking quotes.
#include "format_rows.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr const char* kHandlings[] = {"STOP_AT_DELIMITER", "STOP_AT_CLOSING_QUOTE",
                                               "BACK_TO_DELIMITER", "SKIP_VALUE", "RAISE_ERROR"};
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const char* handling : kHandlings) {
    for (const char* whole : {"false", "true"}) {
      firn::fuzz::read_as(firn::formats::kCsv, bytes,
                          {{"header", "true"},
                           {"inferSchema", "true"},
                           {"comment", "#"},
                           {"ignoreTrailingWhiteSpace", whole},
                           {"multiLine", whole},
                           {"unescapedQuoteHandling", handling}});
    }
  }
  return 0;
}
