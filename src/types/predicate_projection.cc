// Predicates over rows turned into predicates over partitions, and partitions against those.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/error.h"
#include "types/predicate.h"
#include "types/predicate_compare.h"

namespace firn::types {
namespace {

Predicate leaf_of(PredicateOp op, int field_id, std::vector<Value> values) {
  return Predicate{op, field_id, std::move(values), {}};
}

// The value next to `value` in direction `step` (+1, -1); nullopt at the end of the range or where
// there is none.
std::optional<Value> neighbour(const Value& value, int step) {
  if (const auto* number = std::get_if<int32_t>(&value)) {
    int32_t next = 0;
    if (__builtin_add_overflow(*number, step, &next)) return std::nullopt;
    return next;
  }
  if (const auto* number = std::get_if<int64_t>(&value)) {
    int64_t next = 0;
    if (__builtin_add_overflow(*number, static_cast<int64_t>(step), &next)) return std::nullopt;
    return next;
  }
  if (const auto* decimal = std::get_if<Decimal>(&value)) return Decimal{decimal->unscaled + step};
  return std::nullopt;
}

bool is_discrete(const Value& value) {
  return std::holds_alternative<int32_t>(value) || std::holds_alternative<int64_t>(value) ||
         std::holds_alternative<Decimal>(value);
}

// x < v and x > v as x <= v-1 and x >= v+1, which project tighter. Nothing is below the smallest
// number.
std::optional<Predicate> closed(const Predicate& leaf) {
  const bool less = leaf.op == PredicateOp::kLess;
  if (!less && leaf.op != PredicateOp::kGreater) return leaf;
  const PredicateOp op = less ? PredicateOp::kLessEqual : PredicateOp::kGreaterEqual;
  if (!is_discrete(leaf.values[0])) return leaf_of(op, leaf.field_id, leaf.values);
  const std::optional<Value> next = neighbour(leaf.values[0], less ? -1 : 1);
  if (!next) return std::nullopt;
  return leaf_of(op, leaf.field_id, {*next});
}

class Projection {
 public:
  Projection(const PartitionField& field, const Type& source) : field_(field), source_(source) {}

  // True where nothing is implied.
  Predicate of(const Predicate& leaf) const;

 private:
  Value transformed(const Value& value) const { return apply(field_.transform, source_, value); }
  Predicate partition_leaf(PredicateOp op, std::vector<Value> values) const {
    return leaf_of(op, field_.field_id, std::move(values));
  }
  Predicate set_of(const Predicate& leaf) const;
  Predicate of_monotone(const Predicate& leaf) const;
  Predicate of_upper_bound(const Value& bound) const;
  Predicate of_lower_bound(const Value& bound) const;
  Predicate of_prefix(const Predicate& leaf) const;
  bool is_time() const {
    return field_.transform.id >= TransformId::kYear && field_.transform.id <= TransformId::kHour;
  }

  const PartitionField& field_;
  const Type& source_;
};

// Early Iceberg writers rounded times before 1970 towards zero: such a partition may be one too
// high.
Value up_to_zero(const Value& value) {
  const int32_t number = std::get<int32_t>(value);
  return number < 0 ? number + 1 : number;
}

// Where truncation of the smallest numbers wraps around, their partition is this one; nullopt where
// none wraps.
std::optional<Value> wrapped_partition(const Transform& transform, const Type& source) {
  if (transform.id != TransformId::kTruncate) return std::nullopt;
  Value smallest;
  if (source.id() == TypeId::kInt) smallest = std::numeric_limits<int32_t>::min();
  if (source.id() == TypeId::kLong) smallest = std::numeric_limits<int64_t>::min();
  if (is_null(smallest)) return std::nullopt;
  Value partition = apply(transform, source, smallest);
  if (compare(partition, smallest) <= 0) return std::nullopt;
  return partition;
}

Predicate Projection::set_of(const Predicate& leaf) const {
  std::vector<Value> partitions;
  const auto add = [&](const Value& value) {
    const auto same = [&](const Value& other) { return compare(value, other) == 0; };
    if (std::none_of(partitions.begin(), partitions.end(), same)) partitions.push_back(value);
  };
  for (const Value& value : leaf.values) {
    if (is_null(value)) continue;
    const Value partition = transformed(value);
    add(partition);
    if (is_time()) add(up_to_zero(partition));
  }
  if (partitions.empty()) return Predicate{PredicateOp::kFalse, 0, {}, {}};
  const PredicateOp op = partitions.size() == 1 ? PredicateOp::kEqual : PredicateOp::kIn;
  return partition_leaf(op, std::move(partitions));
}

Predicate Projection::of_upper_bound(const Value& bound) const {
  const Value partition = transformed(bound);
  Predicate below =
      partition_leaf(PredicateOp::kLessEqual, {is_time() ? up_to_zero(partition) : partition});
  const std::optional<Value> wrapped = wrapped_partition(field_.transform, source_);
  if (!wrapped) return below;
  return any_of({std::move(below), partition_leaf(PredicateOp::kEqual, {*wrapped})});
}

Predicate Projection::of_lower_bound(const Value& bound) const {
  const Value partition = transformed(bound);
  const bool wrapped = partition.index() == bound.index() &&
                       field_.transform.id == TransformId::kTruncate &&
                       compare(partition, bound) > 0;
  if (wrapped) return always_true();
  return partition_leaf(PredicateOp::kGreaterEqual, {partition});
}

// year, month, day, hour and truncate keep the order of their source.
Predicate Projection::of_monotone(const Predicate& leaf) const {
  const std::optional<Predicate> range = closed(leaf);
  if (!range) return Predicate{PredicateOp::kFalse, 0, {}, {}};
  switch (range->op) {
    case PredicateOp::kLessEqual:
      return of_upper_bound(range->values[0]);
    case PredicateOp::kGreaterEqual:
      return of_lower_bound(range->values[0]);
    case PredicateOp::kEqual:
    case PredicateOp::kIn:
      return set_of(*range);
    case PredicateOp::kStartsWith:
    case PredicateOp::kNotStartsWith:
      return of_prefix(*range);
    default:
      return always_true();
  }
}

// A prefix as long as the width is the partition itself; of a longer one the partition knows the
// first part only.
Predicate Projection::of_prefix(const Predicate& leaf) const {
  const Value cut = transformed(leaf.values[0]);
  const bool longer = bytes_of(cut).size() < bytes_of(leaf.values[0]).size();
  Value more = leaf.values[0];
  if (auto* text = std::get_if<std::string>(&more)) *text += 'x';
  if (auto* bytes = std::get_if<Bytes>(&more)) bytes->data += 'x';
  const bool full = !longer && compare(transformed(more), cut) == 0;
  if (leaf.op == PredicateOp::kStartsWith) {
    return partition_leaf(longer || full ? PredicateOp::kEqual : leaf.op, {cut});
  }
  if (longer) return always_true();
  return partition_leaf(full ? PredicateOp::kNotEqual : leaf.op, {cut});
}

// Spark compares UUIDs and times of day as texts: such a literal has no partition.
bool is_text_for(const Value& literal, const Type& source) {
  const bool shown_as_text = source.id() == TypeId::kUuid || source.id() == TypeId::kTime;
  return shown_as_text && std::holds_alternative<std::string>(literal);
}

Predicate Projection::of(const Predicate& leaf) const {
  const TransformId id = field_.transform.id;
  if (id == TransformId::kVoid || id == TransformId::kUnknown) return always_true();
  for (const Value& literal : leaf.values)
    if (is_text_for(literal, source_)) return always_true();
  if (!can_transform(field_.transform, source_)) return always_true();
  if (id == TransformId::kIdentity) return partition_leaf(leaf.op, leaf.values);
  if (leaf.op == PredicateOp::kIsNull || leaf.op == PredicateOp::kNotNull) {
    return partition_leaf(leaf.op, {});
  }
  const bool compares = leaf.op >= PredicateOp::kLess;
  if (!compares || (leaf.values.empty() && leaf.op != PredicateOp::kIn)) return always_true();
  if (leaf.op != PredicateOp::kIn && is_null(leaf.values[0])) return always_true();
  if (id != TransformId::kBucket) return of_monotone(leaf);
  const bool set = leaf.op == PredicateOp::kEqual || leaf.op == PredicateOp::kIn;
  return set ? set_of(leaf) : always_true();
}

Predicate project_leaf(const Predicate& leaf, const Schema& schema, const PartitionSpec& spec) {
  std::vector<Predicate> implied;
  for (const PartitionField& field : spec.fields) {
    if (field.source_id != leaf.field_id) continue;
    const Field* source = schema.find(field.source_id);
    if (source != nullptr) implied.push_back(Projection(field, source->type).of(leaf));
  }
  return all_of(std::move(implied));
}

Predicate project(const Predicate& predicate, const Schema& schema, const PartitionSpec& spec) {
  if (predicate.op == PredicateOp::kTrue || predicate.op == PredicateOp::kFalse) return predicate;
  const bool both = predicate.op == PredicateOp::kAnd;
  if (!both && predicate.op != PredicateOp::kOr) return project_leaf(predicate, schema, spec);
  std::vector<Predicate> parts;
  for (const Predicate& child : predicate.children) parts.push_back(project(child, schema, spec));
  return both ? all_of(std::move(parts)) : any_of(std::move(parts));
}

bool matches_leaf(const Predicate& leaf, const PartitionSpec& spec,
                  const std::vector<Value>& partition) {
  for (size_t i = 0; i < spec.fields.size() && i < partition.size(); ++i) {
    if (spec.fields[i].field_id != leaf.field_id) continue;
    const bool comparable =
        std::all_of(leaf.values.begin(), leaf.values.end(), [&](const Value& literal) {
          return is_null(literal) || is_null(partition[i]) ||
                 literal.index() == partition[i].index();
        });
    return !comparable || leaf_matches(leaf, partition[i]);
  }
  return true;
}

}  // namespace

Predicate project_inclusive(const Predicate& predicate, const Schema& schema,
                            const PartitionSpec& spec) {
  return project(without_not(predicate), schema, spec);
}

bool matches_partition(const Predicate& projected, const PartitionSpec& spec,
                       const std::vector<Value>& partition) {
  return holds(projected,
               [&](const Predicate& leaf) { return matches_leaf(leaf, spec, partition); });
}

}  // namespace firn::types
