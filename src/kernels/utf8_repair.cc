// See utf8_repair.h.
#include "kernels/utf8_repair.h"

#include <simdjson.h>

#include <cstring>

namespace firn::kernels {

bool is_valid_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

std::string_view replace_broken_utf8(std::string_view text, Arena& arena) {
  char* const out = arena.allocate(text.size() * 3);
  char* to = out;
  for (size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const size_t length = lead < 0x80                   ? 1
                          : lead >= 0xc2 && lead < 0xe0 ? 2
                          : lead >= 0xe0 && lead < 0xf0 ? 3
                          : lead >= 0xf0 && lead < 0xf5 ? 4
                                                        : 0;
    size_t good = length == 0 ? 0 : 1;
    while (good > 0 && good < length && at + good < text.size()) {
      const auto next = static_cast<unsigned char>(text[at + good]);
      const unsigned low = good > 1 ? 0x80 : lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
      const unsigned high = good > 1 ? 0xbf : lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
      if (next < low || next > high) break;
      ++good;
    }
    if (length > 0 && good == length) {
      std::memcpy(to, text.data() + at, length);
      to += length;
      at += length;
    } else {
      std::memcpy(to, "\xef\xbf\xbd", 3);
      to += 3;
      at += good > 0 ? good : 1;
    }
  }
  return {out, static_cast<size_t>(to - out)};
}

}  // namespace firn::kernels
