// Predicates: how they are put together, negated and printed.
#include "types/predicate.h"

#include <array>
#include <utility>

#include "base/error.h"

namespace firn::types {
namespace {

struct OpRow {
  PredicateOp op;
  PredicateOp negated;
  std::string_view text;
};
constexpr std::array kOps = {
    OpRow{PredicateOp::kTrue, PredicateOp::kFalse, "true"},
    OpRow{PredicateOp::kFalse, PredicateOp::kTrue, "false"},
    OpRow{PredicateOp::kAnd, PredicateOp::kOr, " AND "},
    OpRow{PredicateOp::kOr, PredicateOp::kAnd, " OR "},
    OpRow{PredicateOp::kNot, PredicateOp::kNot, "NOT "},
    OpRow{PredicateOp::kIsNull, PredicateOp::kNotNull, "IS NULL"},
    OpRow{PredicateOp::kNotNull, PredicateOp::kIsNull, "IS NOT NULL"},
    OpRow{PredicateOp::kIsNan, PredicateOp::kNotNan, "IS NAN"},
    OpRow{PredicateOp::kNotNan, PredicateOp::kIsNan, "IS NOT NAN"},
    OpRow{PredicateOp::kLess, PredicateOp::kGreaterEqual, "<"},
    OpRow{PredicateOp::kLessEqual, PredicateOp::kGreater, "<="},
    OpRow{PredicateOp::kGreater, PredicateOp::kLessEqual, ">"},
    OpRow{PredicateOp::kGreaterEqual, PredicateOp::kLess, ">="},
    OpRow{PredicateOp::kEqual, PredicateOp::kNotEqual, "="},
    OpRow{PredicateOp::kNotEqual, PredicateOp::kEqual, "<>"},
    OpRow{PredicateOp::kIn, PredicateOp::kNotIn, "IN"},
    OpRow{PredicateOp::kNotIn, PredicateOp::kIn, "NOT IN"},
    OpRow{PredicateOp::kStartsWith, PredicateOp::kNotStartsWith, "STARTS WITH"},
    OpRow{PredicateOp::kNotStartsWith, PredicateOp::kStartsWith, "NOT STARTS WITH"},
};

const OpRow& row_of(PredicateOp op) {
  const OpRow& row = kOps.at(static_cast<size_t>(op));
  FIRN_CHECK(row.op == op, "the table of predicate operators is in the enum's order");
  return row;
}

// One AND or OR: nested ones of the same kind are drawn up, `neutral` parts fall away, an
// `absorbing` one wins.
Predicate combine(PredicateOp op, PredicateOp neutral, PredicateOp absorbing,
                  std::vector<Predicate> parts) {
  Predicate all{op, 0, {}, {}};
  for (Predicate& part : parts) {
    if (part.op == absorbing) return std::move(part);
    if (part.op == neutral) continue;
    if (part.op == op) {
      for (Predicate& child : part.children) all.children.push_back(std::move(child));
    } else {
      all.children.push_back(std::move(part));
    }
  }
  if (all.children.empty()) return Predicate{neutral, 0, {}, {}};
  if (all.children.size() == 1) return Predicate(all.children.front());
  return all;
}

std::string literal_text(const Value& value, const Field* field) {
  if (field == nullptr) return "?";
  const std::string text = to_human(value, field->type);
  const bool quoted = std::holds_alternative<std::string>(value) ||
                      std::holds_alternative<Bytes>(value) || field->type.id() >= TypeId::kDate;
  return quoted && !is_null(value) ? "'" + text + "'" : text;
}

std::string leaf_text(const Predicate& leaf, const Schema& schema) {
  const Field* field = schema.find(leaf.field_id);
  std::string text =
      schema.name_of(leaf.field_id).value_or("field " + std::to_string(leaf.field_id));
  text += " " + std::string(row_of(leaf.op).text);
  const bool set = leaf.op == PredicateOp::kIn || leaf.op == PredicateOp::kNotIn;
  if (set) text += " (";
  for (size_t i = 0; i < leaf.values.size(); ++i) {
    if (i > 0) text += ",";
    text += (set && i == 0 ? "" : " ") + literal_text(leaf.values[i], field);
  }
  return set ? text + ")" : text;
}

}  // namespace

Predicate always_true() { return Predicate{}; }

Predicate all_of(std::vector<Predicate> parts) {
  return combine(PredicateOp::kAnd, PredicateOp::kTrue, PredicateOp::kFalse, std::move(parts));
}

Predicate any_of(std::vector<Predicate> parts) {
  return combine(PredicateOp::kOr, PredicateOp::kFalse, PredicateOp::kTrue, std::move(parts));
}

Predicate negate(Predicate predicate) {
  if (predicate.op == PredicateOp::kNot) {
    FIRN_CHECK(predicate.children.size() == 1, "NOT has one child");
    return without_not(std::move(predicate.children.front()));
  }
  predicate.op = row_of(predicate.op).negated;
  for (Predicate& child : predicate.children) child = negate(std::move(child));
  return predicate;
}

Predicate without_not(Predicate predicate) {
  if (predicate.op == PredicateOp::kNot) {
    FIRN_CHECK(predicate.children.size() == 1, "NOT has one child");
    return negate(std::move(predicate.children.front()));
  }
  for (Predicate& child : predicate.children) child = without_not(std::move(child));
  return predicate;
}

std::string to_string(const Predicate& predicate, const Schema& schema) {
  switch (predicate.op) {
    case PredicateOp::kTrue:
    case PredicateOp::kFalse:
      return std::string(row_of(predicate.op).text);
    case PredicateOp::kNot:
      return "NOT (" + to_string(predicate.children.at(0), schema) + ")";
    case PredicateOp::kAnd:
    case PredicateOp::kOr:
      break;
    default:
      return leaf_text(predicate, schema);
  }
  std::string text;
  for (const Predicate& child : predicate.children) {
    if (!text.empty()) text += row_of(predicate.op).text;
    const bool nested = child.op == PredicateOp::kAnd || child.op == PredicateOp::kOr;
    text += nested ? "(" + to_string(child, schema) + ")" : to_string(child, schema);
  }
  return text;
}

}  // namespace firn::types
