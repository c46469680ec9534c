// uses: iceberg types base
// Lines of any text as a commit's requirements and updates. What is read survives writing, and the
// updates make of a table an Error or a table whose metadata can be read back.
#include <cstdint>
#include <string_view>

#include "attempt.h"
#include "iceberg/metadata_json.h"
#include "iceberg/update.h"

namespace iceberg = firn::iceberg;
using firn::fuzz::attempt;

namespace {

iceberg::TableMetadata sample() {
  firn::types::Schema schema;
  schema.fields = {{1, "id", true, firn::types::Type::primitive(firn::types::TypeId::kLong)},
                   {2, "day", false, firn::types::Type::primitive(firn::types::TypeId::kDate)},
                   {3, "tags", false,
                    firn::types::Type::list(
                        4, false, firn::types::Type::primitive(firn::types::TypeId::kString))}};
  return iceberg::apply(
      nullptr,
      {iceberg::AssignUuid{"9c12d441-03fe-4693-9a96-a0705ddf69c1"},
       iceberg::UpgradeFormatVersion{2}, iceberg::SetLocation{"mem://t"},
       iceberg::AddSchema{schema}, iceberg::SetCurrentSchema{-1}, iceberg::AddPartitionSpec{},
       iceberg::SetDefaultSpec{-1}, iceberg::AddSortOrder{}, iceberg::SetDefaultSortOrder{-1}},
      1700000000000, std::nullopt);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const iceberg::TableMetadata base = sample();
  std::vector<iceberg::Update> updates;
  std::vector<iceberg::Requirement> requirements;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string_view line : firn::fuzz::pieces(text, '\n')) {
    attempt([&] {
      updates.push_back(iceberg::parse_update(line));
      const std::string written = iceberg::write_update(updates.back());
      FIRN_CHECK(iceberg::write_update(iceberg::parse_update(written)) == written,
                 "an update is read back");
    });
    attempt([&] {
      requirements.push_back(iceberg::parse_requirement(line));
      const std::string written = iceberg::write_requirement(requirements.back());
      FIRN_CHECK(iceberg::write_requirement(iceberg::parse_requirement(written)) == written,
                 "a requirement is read back");
    });
  }
  for (const iceberg::TableMetadata* from :
       {&base, static_cast<const iceberg::TableMetadata*>(nullptr)}) {
    (void)iceberg::broken_requirement(from, requirements);
    iceberg::TableMetadata made;
    if (!attempt([&] { made = iceberg::apply(from, updates, 1700000001000, "mem://t/v1.json"); }))
      continue;
    const std::string written = iceberg::write_table_metadata(made);
    FIRN_CHECK(iceberg::write_table_metadata(iceberg::parse_table_metadata(written)) == written,
               "what updates made is read back");
  }
  return 0;
}
