// Reading an Avro record into a struct by field ids: one rule a field. Fields without a rule are
// passed over.
#pragma once

#include <fmt/format.h>

#include <span>
#include <vector>

#include "iceberg/avro_reader.h"

namespace firn::iceberg {

enum class Presence : uint8_t { kOptional, kRequired };

template <typename T>
struct AvroFieldRule {
  int field_id;
  const char* name;
  Presence presence;
  void (*read)(AvroValue& value, T& into);  // called for values that are not null
};

template <typename T>
class AvroRecordReader {
 public:
  explicit AvroRecordReader(std::span<const AvroFieldRule<T>> rules) : rules_(rules) {}

  // `each_other`, where given, gets the fields that no rule reads and answers whether it consumed
  // the value.
  template <typename Other>
  void read(AvroValue& record, T& into, Other other) {
    if (bound_ != &record.node()) bind(record);
    const std::vector<AvroField>& fields = record.node().fields;
    for (size_t i = 0; i < fields.size(); ++i) {
      const AvroFieldRule<T>* rule = by_position_[i];
      AvroValue value(record.decoder(), record.schema(), fields[i].node, fields[i].name);
      if (rule == nullptr) {
        if (!other(fields[i], value)) value.skip();
      } else if (!value.is_null()) {
        rule->read(value, into);
      } else if (rule->presence == Presence::kRequired) {
        record.decoder().fail(fmt::format("{} ({}) is null", rule->name, rule->field_id));
      }
    }
  }

  void read(AvroValue& record, T& into) {
    read(record, into, [](const AvroField&, AvroValue&) { return false; });
  }

 private:
  void bind(AvroValue& record) {
    if (record.node().kind != AvroKind::kRecord) record.fail_kind("record");
    by_position_.assign(record.node().fields.size(), nullptr);
    for (const AvroFieldRule<T>& rule : rules_) {
      bool found = false;
      for (size_t i = 0; i < by_position_.size(); ++i) {
        if (record.node().fields[i].field_id != rule.field_id) continue;
        by_position_[i] = &rule;
        found = true;
      }
      if (!found && rule.presence == Presence::kRequired) {
        record.decoder().fail(
            fmt::format("{} has no field {} ({})", record.field(), rule.name, rule.field_id));
      }
    }
    bound_ = &record.node();
  }

  std::span<const AvroFieldRule<T>> rules_;
  const AvroNode* bound_ = nullptr;
  std::vector<const AvroFieldRule<T>*> by_position_;
};

}  // namespace firn::iceberg
