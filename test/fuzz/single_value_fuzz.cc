// uses: types base
// Any bytes as a bound or a partition value of each type: an Error, or a value that survives
// writing, can be shown, and that transforms take. The first byte chooses the type.
#include <cstdint>
#include <string_view>

#include "attempt.h"
#include "types/transform.h"

using firn::types::Type;
using firn::types::TypeId;
using firn::types::Value;

namespace {

const std::vector<Type>& all_types() {
  static const std::vector<Type> types = [] {
    std::vector<Type> made;
    for (const TypeId id :
         {TypeId::kBoolean, TypeId::kInt, TypeId::kLong, TypeId::kFloat, TypeId::kDouble,
          TypeId::kDate, TypeId::kTime, TypeId::kTimestamp, TypeId::kTimestamptz, TypeId::kString,
          TypeId::kUuid, TypeId::kBinary, TypeId::kTimestampNs, TypeId::kTimestamptzNs})
      made.push_back(Type::primitive(id));
    made.push_back(Type::decimal(9, 2));
    made.push_back(Type::decimal(38, 38));
    made.push_back(Type::fixed(3));
    return made;
  }();
  return types;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Type& type = all_types()[data[0] % all_types().size()];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Value value;
  if (!firn::fuzz::attempt([&] { value = firn::types::from_single_value_bytes(bytes, type); }))
    return 0;
  const std::string written = firn::types::to_single_value_bytes(value, type);
  const Value again = firn::types::from_single_value_bytes(written, type);
  FIRN_CHECK(firn::types::compare(value, again) == std::strong_ordering::equal, "read back");
  (void)firn::types::to_human(value, type);
  for (const char* text :
       {"identity", "bucket[16]", "truncate[3]", "year", "month", "day", "hour", "void"}) {
    const firn::types::Transform transform = firn::types::parse_transform(text);
    if (!firn::types::can_transform(transform, type)) continue;
    firn::fuzz::attempt([&] {
      const Value result = firn::types::apply(transform, type, value);
      (void)firn::types::to_human(transform, type, result);
    });
  }
  return 0;
}
