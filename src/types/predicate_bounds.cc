// Predicates against what a manifest knows of a file: its columns' counts and bounds.
#include <algorithm>

#include "types/bounds_filter.h"
#include "types/predicate.h"
#include "types/predicate_compare.h"

namespace firn::types {
namespace {

bool is_comparison(PredicateOp op) {
  return op >= PredicateOp::kLess && op <= PredicateOp::kNotStartsWith;
}

// One leaf beside its column's bounds; bounds that cannot be compared with the leaf's values count
// as unknown.
class Column {
 public:
  Column(const Predicate& leaf, const Field& field, const ColumnBounds& known)
      : leaf_(leaf), known_(known) {
    const bool floating = field.type.id() == TypeId::kFloat || field.type.id() == TypeId::kDouble;
    may_hold_nan_ = floating && known.nan_count != 0;
    lower_ = usable(known.lower);
    upper_ = usable(known.upper);
    single_ = lower_ != nullptr && upper_ != nullptr && !may_hold_nan_ &&
              compare_as_sql(*lower_, *upper_) == 0;
  }

  bool may_match() const;
  bool must_match() const;

 private:
  // Literals of another alternative than the bound, null or NaN would make a comparison
  // meaningless.
  const Value* usable(const std::optional<Value>& bound) const {
    if (!bound || is_null(*bound) || is_nan(*bound)) return nullptr;
    for (const Value& literal : leaf_.values) {
      if (literal.index() != bound->index() || is_nan(literal)) return nullptr;
    }
    return &*bound;
  }

  bool all_null() const { return known_.value_count && known_.null_count == known_.value_count; }
  bool all_nan() const {
    return known_.value_count && known_.nan_count == known_.value_count && *known_.value_count > 0;
  }
  bool no_nulls() const { return known_.null_count == 0; }

  bool below_lower(const Value& value) const {
    return lower_ != nullptr && compare_as_sql(value, *lower_) < 0;
  }
  bool above_upper(const Value& value) const {
    return upper_ != nullptr && compare_as_sql(value, *upper_) > 0;
  }
  bool outside(const Value& value) const { return below_lower(value) || above_upper(value); }
  bool is_the_only(const Value& value) const {
    return single_ && compare_as_sql(value, *lower_) == 0;
  }
  bool any_is_the_only() const {
    return std::any_of(leaf_.values.begin(), leaf_.values.end(),
                       [&](const Value& value) { return is_the_only(value); });
  }
  bool all_outside() const {
    return std::all_of(leaf_.values.begin(), leaf_.values.end(),
                       [&](const Value& value) { return outside(value); });
  }
  // All values start with the prefix, as both ends of the range do.
  bool all_start_with(std::string_view prefix) const {
    return lower_ != nullptr && upper_ != nullptr && bytes_of(*lower_).starts_with(prefix) &&
           bytes_of(*upper_).starts_with(prefix);
  }
  bool none_starts_with(std::string_view prefix) const {
    if (lower_ != nullptr && bytes_of(*lower_).substr(0, prefix.size()) > prefix) return true;
    return upper_ != nullptr && bytes_of(*upper_).substr(0, prefix.size()) < prefix;
  }

  const Value& literal() const { return leaf_.values.front(); }
  bool may_compare() const;
  bool must_compare() const;

  const Predicate& leaf_;
  const ColumnBounds& known_;
  const Value* lower_ = nullptr;
  const Value* upper_ = nullptr;
  bool may_hold_nan_ = false;
  bool single_ = false;  // every value that is not null is *lower_
};

bool Column::may_match() const {
  switch (leaf_.op) {
    case PredicateOp::kIsNull:
      return !no_nulls();
    case PredicateOp::kNotNull:
      return !all_null();
    case PredicateOp::kIsNan:
      return known_.nan_count != 0 && !all_null();
    case PredicateOp::kNotNan:
      return !all_nan();
    default:
      return !all_null() && may_compare();
  }
}

bool Column::may_compare() const {
  switch (leaf_.op) {
    case PredicateOp::kLess:
      return !(lower_ != nullptr && compare_as_sql(*lower_, literal()) >= 0);
    case PredicateOp::kLessEqual:
      return !below_lower(literal());
    case PredicateOp::kGreater:
      return may_hold_nan_ || !(upper_ != nullptr && compare_as_sql(*upper_, literal()) <= 0);
    case PredicateOp::kGreaterEqual:
      return may_hold_nan_ || !above_upper(literal());
    case PredicateOp::kEqual:
      return !outside(literal());
    case PredicateOp::kIn:
      return !all_outside();
    case PredicateOp::kNotEqual:
    case PredicateOp::kNotIn:
      return !any_is_the_only();
    case PredicateOp::kStartsWith:
      return !none_starts_with(bytes_of(literal()));
    case PredicateOp::kNotStartsWith:
      return !all_start_with(bytes_of(literal()));
    default:
      return true;
  }
}

bool Column::must_match() const {
  switch (leaf_.op) {
    case PredicateOp::kIsNull:
      return all_null();
    case PredicateOp::kNotNull:
      return no_nulls();
    case PredicateOp::kIsNan:
      return all_nan();
    case PredicateOp::kNotNan:
      return known_.nan_count == 0 && no_nulls();
    default:
      return no_nulls() && !may_hold_nan_ && must_compare();
  }
}

bool Column::must_compare() const {
  switch (leaf_.op) {
    case PredicateOp::kLess:
      return above_upper(literal());
    case PredicateOp::kLessEqual:
      return upper_ != nullptr && compare_as_sql(*upper_, literal()) <= 0;
    case PredicateOp::kGreater:
      return below_lower(literal());
    case PredicateOp::kGreaterEqual:
      return lower_ != nullptr && compare_as_sql(*lower_, literal()) >= 0;
    case PredicateOp::kEqual:
    case PredicateOp::kIn:
      return any_is_the_only();
    case PredicateOp::kNotEqual:
      return outside(literal());
    case PredicateOp::kNotIn:
      return (lower_ != nullptr || upper_ != nullptr) && all_outside();
    case PredicateOp::kStartsWith:
      return all_start_with(bytes_of(literal()));
    case PredicateOp::kNotStartsWith:
      return none_starts_with(bytes_of(literal()));
    default:
      return false;
  }
}

// Inside a list or map a row has many values or none: counts and bounds say nothing of rows.
bool is_repeated(const Schema& schema, int field_id) {
  for (const int parent : schema.parents_of(field_id)) {
    const TypeId id = schema.find(parent)->type.id();
    if (id == TypeId::kList || id == TypeId::kMap) return true;
  }
  return false;
}

enum class Question { kMay, kMust };

bool answer_leaf(const Predicate& leaf, const Schema& schema, const BoundsById& bounds,
                 Question question) {
  const bool unknown = question == Question::kMay;
  const Field* field = schema.find(leaf.field_id);
  const auto known = bounds.find(leaf.field_id);
  if (field == nullptr || known == bounds.end()) return unknown;
  if (is_comparison(leaf.op) && leaf.values.empty() && leaf.op != PredicateOp::kIn) return unknown;
  if (is_repeated(schema, leaf.field_id)) return unknown;
  const Column column(leaf, *field, known->second);
  return question == Question::kMay ? column.may_match() : column.must_match();
}

bool answer(const Predicate& predicate, const Schema& schema, const BoundsById& bounds,
            Question question) {
  return holds(predicate,
               [&](const Predicate& leaf) { return answer_leaf(leaf, schema, bounds, question); });
}

// A leaf says something about `field_id` in terms that bounds can answer.
bool is_answerable(const Predicate& leaf, const Schema& schema) {
  if (is_comparison(leaf.op) && leaf.values.empty() && leaf.op != PredicateOp::kIn) return false;
  return schema.find(leaf.field_id) != nullptr && !is_repeated(schema, leaf.field_id);
}

}  // namespace

BoundsFilter::BoundsFilter(const Predicate& predicate, const Schema& schema)
    : predicate_(without_not(predicate)) {
  bind(predicate_, schema);
}

void BoundsFilter::bind(Predicate& predicate, const Schema& schema) {
  for (Predicate& child : predicate.children) bind(child, schema);
  if (predicate.op <= PredicateOp::kNot) return;
  if (!is_answerable(predicate, schema)) {
    predicate.field_id = -1;
    return;
  }
  const Field& field = *schema.find(predicate.field_id);
  const auto same = [&field](const Field& column) { return column.id == field.id; };
  const auto found = std::ranges::find_if(columns_, same);
  predicate.field_id = static_cast<int>(found - columns_.begin());
  if (found == columns_.end()) columns_.push_back(field);
}

bool BoundsFilter::answer(const Predicate& predicate,
                          std::span<const ColumnBounds* const> bounds) const {
  return holds(predicate, [&](const Predicate& leaf) {
    if (leaf.field_id < 0) return true;
    const auto at = static_cast<size_t>(leaf.field_id);
    return bounds[at] == nullptr || Column(leaf, columns_[at], *bounds[at]).may_match();
  });
}

bool may_match(const Predicate& predicate, const Schema& schema, const BoundsById& bounds) {
  return answer(predicate, schema, bounds, Question::kMay);
}

bool must_match(const Predicate& predicate, const Schema& schema, const BoundsById& bounds) {
  return answer(predicate, schema, bounds, Question::kMust);
}

}  // namespace firn::types
