// uses: conf files base
// Any text as a properties file, and each of its values as a number, a size, a time; as what an S3
// service answers; as an S3 address.
#include <cstdint>
#include <string_view>

#include "attempt.h"
#include "conf/properties_file.h"
#include "conf/value_text.h"
#include "files/s3_client.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  firn::fuzz::attempt([&] {
    for (const auto& [key, value] : firn::conf::parse_properties(text, "fuzz.conf")) {
      (void)firn::conf::parse_boolean(value);
      (void)firn::conf::parse_int(value);
      (void)firn::conf::parse_long(value);
      (void)firn::conf::parse_double(value);
      (void)firn::conf::parse_bytes(value);
      (void)firn::conf::parse_percent(value);
      (void)firn::conf::parse_millis(value, 1000);
      firn::fuzz::attempt([&] { (void)firn::files::s3_location(value); });
    }
  });
  for (const char* name : {"Contents", "Key", "Size", "Message"}) {
    (void)firn::files::xml_elements(text, name);
    (void)firn::files::xml_text(text, name);
  }
  return 0;
}
