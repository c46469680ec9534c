// uses: formats columnar iceberg kernels files types base
// Any bytes as JSON: lines, and one text that may be in any encoding; strictly and leniently.
#include "format_rows.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const char* whole : {"false", "true"}) {
    for (const char* lenient : {"false", "true"}) {
      firn::fuzz::read_as(firn::formats::kJson, bytes,
                          {{"multiLine", whole},
                           {"allowComments", lenient},
                           {"allowUnquotedFieldNames", lenient},
                           {"allowNumericLeadingZeros", lenient},
                           {"allowBackslashEscapingAnyCharacter", lenient},
                           {"allowUnquotedControlChars", lenient},
                           {"inferTimestamp", lenient},
                           {"prefersDecimal", lenient}});
    }
  }
  return 0;
}
