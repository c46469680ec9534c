// Partition specs and sort orders ⇄ JSON.
#include "iceberg/spec_json.h"

#include <fmt/format.h>

#include "base/error.h"
#include "iceberg/metadata_json.h"

namespace firn::iceberg {

namespace {

using types::PartitionField;
using types::SortField;
using types::Transform;
using types::TransformId;

constexpr int kFirstPartitionFieldId = 1000;

struct SourceTransform {
  int source_id = 0;
  Transform transform;
};

// `source-id`, or v3's `source-ids`: a transform of several columns is kept as an unknown one over
// its first source.
SourceTransform source_transform_from(const JsonCursor& json) {
  const std::string text = json.required_string("transform");
  SourceTransform result{0, types::parse_transform(text)};
  const auto sources = json.find("source-ids");
  if (!sources) {
    result.source_id = json.required_int("source-id");
    return result;
  }
  const std::vector<int> ids = sources->as_ints();
  if (ids.empty()) json.fail_at("source-ids", "is empty");
  result.source_id = ids.front();
  if (ids.size() > 1) result.transform = Transform{TransformId::kUnknown, 0, text};
  return result;
}

}  // namespace

std::vector<PartitionField> partition_fields_from(const JsonCursor& json, bool keep_unassigned) {
  std::vector<PartitionField> fields;
  size_t with_id = 0;
  json.for_each([&](const JsonCursor& element) {
    element.expect_object();
    const SourceTransform source = source_transform_from(element);
    const auto id = element.optional_int("field-id");
    if (id) ++with_id;
    const int counted = kFirstPartitionFieldId + static_cast<int>(fields.size());
    fields.push_back({source.source_id, id.value_or(keep_unassigned ? 0 : counted),
                      element.required_string("name"), source.transform});
  });
  if (with_id != 0 && with_id != fields.size() && !keep_unassigned) {
    json.fail("gives a field-id to some fields only");
  }
  return fields;
}

types::PartitionSpec spec_from(const JsonCursor& json) {
  return {json.required_int("spec-id"), partition_fields_from(json.at("fields"))};
}

OrderedJson partition_fields_to_json(const types::PartitionSpec& spec) {
  OrderedJson array = OrderedJson::array();
  for (const PartitionField& field : spec.fields) {
    OrderedJson json;
    json["name"] = field.name;
    json["transform"] = field.transform.to_string();
    json["source-id"] = field.source_id;
    json["field-id"] = field.field_id;
    array.push_back(std::move(json));
  }
  return array;
}

OrderedJson spec_to_json(const types::PartitionSpec& spec) {
  OrderedJson json;
  json["spec-id"] = spec.spec_id;
  json["fields"] = partition_fields_to_json(spec);
  return json;
}

types::SortOrder sort_order_from(const JsonCursor& json) {
  types::SortOrder order;
  order.order_id = json.required_int("order-id");
  json.at("fields").for_each([&](const JsonCursor& element) {
    element.expect_object();
    const SourceTransform source = source_transform_from(element);
    const std::string direction = element.required_string("direction");
    const std::string null_order = element.required_string("null-order");
    if (direction != "asc" && direction != "desc")
      element.fail_at("direction", "is neither asc nor desc");
    if (null_order != "nulls-first" && null_order != "nulls-last") {
      element.fail_at("null-order", "is neither nulls-first nor nulls-last");
    }
    order.fields.push_back(
        {source.source_id, source.transform, direction == "asc", null_order == "nulls-first"});
  });
  if (order.order_id == 0 && !order.fields.empty())
    json.fail_at("order-id", "0 is kept for the unsorted order");
  return order;
}

OrderedJson sort_order_to_json(const types::SortOrder& order) {
  OrderedJson fields = OrderedJson::array();
  for (const SortField& field : order.fields) {
    OrderedJson json;
    json["transform"] = field.transform.to_string();
    json["source-id"] = field.source_id;
    json["direction"] = field.ascending ? "asc" : "desc";
    json["null-order"] = field.nulls_first ? "nulls-first" : "nulls-last";
    fields.push_back(std::move(json));
  }
  OrderedJson json;
  json["order-id"] = order.order_id;
  json["fields"] = std::move(fields);
  return json;
}

types::PartitionSpec parse_partition_spec(std::string_view json) {
  const Json value = parse_json(json, "partition spec");
  return spec_from(JsonCursor(value, "partition spec"));
}

std::vector<PartitionField> parse_partition_fields(std::string_view json) {
  const Json value = parse_json(json, "partition fields");
  return partition_fields_from(JsonCursor(value, "partition fields"));
}

std::string write_partition_spec(const types::PartitionSpec& spec) {
  return dump_json(spec_to_json(spec));
}

std::string write_partition_fields(const types::PartitionSpec& spec) {
  return dump_json(partition_fields_to_json(spec));
}

}  // namespace firn::iceberg
