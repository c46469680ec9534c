// uses: iceberg types base
// Any text as a view's metadata: an Error, or a view that survives writing and reading again.
#include <cstdint>
#include <string_view>

#include "attempt.h"
#include "iceberg/view.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  firn::fuzz::attempt([&] {
    const firn::iceberg::ViewMetadata view = firn::iceberg::parse_view_metadata(text);
    firn::fuzz::attempt([&] { (void)view.schema(); });
    FIRN_CHECK(firn::iceberg::parse_view_metadata(firn::iceberg::write_view_metadata(view)) == view,
               "a view is read back");
  });
  return 0;
}
