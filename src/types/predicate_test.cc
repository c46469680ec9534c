// Predicates: bounds, projections (rows, and a sweep over transforms, operators and random values),
// text.
#include "types/predicate.h"

#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "types/predicate_compare.h"

namespace firn::types {
namespace {

using std::string_literals::operator""s;
using Op = PredicateOp;

const double kNan = std::numeric_limits<double>::quiet_NaN();

Schema schema_of(const char* type) {
  Schema schema;
  schema.fields.resize(1);
  schema.fields[0].id = 1;
  schema.fields[0].name = "c";
  schema.fields[0].type = parse_primitive(type);
  return schema;
}

Predicate leaf(Op op, std::vector<Value> values = {}) {
  return Predicate{op, 1, std::move(values), {}};
}

ColumnBounds bounds(Value lower, Value upper, int64_t values = 10, int64_t nulls = 0,
                    std::optional<int64_t> nans = 0) {
  ColumnBounds made;
  made.value_count = values;
  made.null_count = nulls;
  made.nan_count = nans;
  if (!is_null(lower)) made.lower = lower;
  if (!is_null(upper)) made.upper = upper;
  return made;
}

struct BoundsRow {
  const char* name;
  const char* type;
  ColumnBounds known;
  Predicate predicate;
  bool may;
  bool must;
};
TEST(Predicate, AgainstBounds) {
  const ColumnBounds ten = bounds(10, 20);
  const ColumnBounds with_null = bounds(10, 20, 10, 1);
  const ColumnBounds nulls = bounds(Null{}, Null{}, 10, 10);
  const ColumnBounds floats = bounds(1.0, 2.0, 10, 0, 0);
  const ColumnBounds nans = bounds(1.0, 2.0, 10, 0, 3);
  const ColumnBounds names = bounds("bar"s, "baz"s);
  for (const BoundsRow& row : {
           BoundsRow{"below", "int", ten, leaf(Op::kLess, {10}), false, false},
           {"at lower", "int", ten, leaf(Op::kLessEqual, {10}), true, false},
           {"all below", "int", ten, leaf(Op::kLess, {21}), true, true},
           {"up to upper", "int", ten, leaf(Op::kLessEqual, {20}), true, true},
           {"above", "int", ten, leaf(Op::kGreater, {20}), false, false},
           {"at upper", "int", ten, leaf(Op::kGreaterEqual, {20}), true, false},
           {"all above", "int", ten, leaf(Op::kGreater, {9}), true, true},
           {"equal outside", "int", ten, leaf(Op::kEqual, {21}), false, false},
           {"equal inside", "int", ten, leaf(Op::kEqual, {15}), true, false},
           {"equal the only", "int", bounds(7, 7), leaf(Op::kEqual, {7}), true, true},
           {"not equal the only", "int", bounds(7, 7), leaf(Op::kNotEqual, {7}), false, false},
           {"not equal outside", "int", ten, leaf(Op::kNotEqual, {21}), true, true},
           {"in outside", "int", ten, leaf(Op::kIn, {9, 21}), false, false},
           {"in inside", "int", ten, leaf(Op::kIn, {9, 12}), true, false},
           {"in the only", "int", bounds(7, 7), leaf(Op::kIn, {7, 9}), true, true},
           {"in nothing", "int", ten, leaf(Op::kIn), false, false},
           {"not in outside", "int", ten, leaf(Op::kNotIn, {9, 21}), true, true},
           {"not in the only", "int", bounds(7, 7), leaf(Op::kNotIn, {7, 9}), false, false},
           {"null in the set", "int", ten, leaf(Op::kNotIn, {9, Null{}}), true, false},
           {"a null may differ", "int", with_null, leaf(Op::kLess, {21}), true, false},
           {"is null, none", "int", ten, leaf(Op::kIsNull), false, false},
           {"is null, some", "int", with_null, leaf(Op::kIsNull), true, false},
           {"is null, all", "int", nulls, leaf(Op::kIsNull), true, true},
           {"not null, all null", "int", nulls, leaf(Op::kNotNull), false, false},
           {"not null, none", "int", ten, leaf(Op::kNotNull), true, true},
           {"equal, all null", "int", nulls, leaf(Op::kEqual, {1}), false, false},
           {"unknown counts", "int", ColumnBounds(), leaf(Op::kIsNull), true, false},
           {"unknown bounds", "int", ColumnBounds(), leaf(Op::kLess, {1}), true, false},
           {"literal of another type", "int", ten, leaf(Op::kLess, {int64_t{1}}), true, false},
           {"no nan above", "double", floats, leaf(Op::kGreater, {2.0}), false, false},
           {"nan is above", "double", nans, leaf(Op::kGreater, {2.0}), true, false},
           {"nan is not below", "double", nans, leaf(Op::kLess, {1.0}), false, false},
           {"nan is not below, must", "double", nans, leaf(Op::kLess, {3.0}), true, false},
           {"nan literal", "double", floats, leaf(Op::kEqual, {kNan}), true, false},
           {"is nan, none", "double", floats, leaf(Op::kIsNan), false, false},
           {"is nan, all", "double", bounds(Null{}, Null{}, 10, 0, 10), leaf(Op::kIsNan), true,
            true},
           {"not nan, all", "double", bounds(Null{}, Null{}, 10, 0, 10), leaf(Op::kNotNan), false,
            false},
           {"nan bounds say nothing", "double", bounds(kNan, kNan), leaf(Op::kLess, {0.0}), true,
            false},
           {"zeroes are equal", "double", bounds(-0.0, -0.0), leaf(Op::kEqual, {0.0}), true, true},
           {"zero is not below zero", "double", bounds(-0.0, 1.0), leaf(Op::kLess, {0.0}), false,
            false},
           {"prefix inside", "string", names, leaf(Op::kStartsWith, {"ba"s}), true, true},
           {"prefix may", "string", names, leaf(Op::kStartsWith, {"bar"s}), true, false},
           {"prefix below", "string", names, leaf(Op::kStartsWith, {"a"s}), false, false},
           {"prefix above", "string", names, leaf(Op::kStartsWith, {"bb"s}), false, false},
           {"long prefix", "string", bounds("b"s, "c"s), leaf(Op::kStartsWith, {"bazz"s}), true,
            false},
           {"not prefix, all have it", "string", names, leaf(Op::kNotStartsWith, {"ba"s}), false,
            false},
           {"not prefix, none has it", "string", names, leaf(Op::kNotStartsWith, {"c"s}), true,
            true},
       }) {
    const Schema schema = schema_of(row.type);
    EXPECT_EQ(may_match(row.predicate, schema, {{1, row.known}}), row.may) << row.name;
    EXPECT_EQ(must_match(row.predicate, schema, {{1, row.known}}), row.must) << row.name;
  }
}

TEST(Predicate, RepeatedFieldsAreNeverPruned) {
  Schema schema;
  schema.fields.resize(1);
  schema.fields[0].id = 5;
  schema.fields[0].type = Type::list(1, false, Type::primitive(TypeId::kInt));
  EXPECT_TRUE(may_match(leaf(Op::kLess, {0}), schema, {{1, bounds(10, 20)}}));
  EXPECT_FALSE(must_match(leaf(Op::kLess, {30}), schema, {{1, bounds(10, 20)}}));
}

TEST(Predicate, CombinesAndNegates) {
  const Schema schema = schema_of("int");
  const Predicate low = leaf(Op::kLess, {3});
  const Predicate null = leaf(Op::kIsNull);
  EXPECT_EQ(to_string(all_of({low, always_true(), all_of({null, low})}), schema),
            "c < 3 AND c IS NULL AND c < 3");
  EXPECT_EQ(to_string(negate(all_of({low, any_of({null, leaf(Op::kIn, {1, 2})})})), schema),
            "c >= 3 OR (c IS NOT NULL AND c NOT IN (1, 2))");
  EXPECT_EQ(to_string(negate(Predicate{Op::kNot, 0, {}, {low}}), schema), "c < 3");
  EXPECT_EQ(to_string(any_of({}), schema), "false");
  EXPECT_EQ(to_string(all_of({low, negate(always_true())}), schema), "false");
  EXPECT_EQ(to_string(leaf(Op::kEqual, {17486}), schema_of("date")), "c = '2017-11-16'");
  EXPECT_EQ(to_string(leaf(Op::kStartsWith, {"a"s}), schema_of("string")), "c STARTS WITH 'a'");
  const BoundsById known = {{1, bounds(10, 20)}};
  EXPECT_FALSE(may_match(Predicate{Op::kNot, 0, {}, {leaf(Op::kGreater, {9})}}, schema, known));
}

struct ProjectionRow {
  const char* transform;
  const char* type;
  Predicate predicate;
  const char* want;
};
TEST(Predicate, ProjectsInclusively) {
  for (const ProjectionRow& row : {
           ProjectionRow{"identity", "int", leaf(Op::kNotEqual, {3}), "p <> 3"},
           {"bucket[16]", "int", leaf(Op::kEqual, {34}), "p = 3"},
           {"bucket[16]", "int", leaf(Op::kIn, {34, 34}), "p = 3"},
           {"bucket[16]", "int", leaf(Op::kLess, {34}), "true"},
           {"bucket[16]", "int", leaf(Op::kNotEqual, {34}), "true"},
           {"bucket[16]", "int", leaf(Op::kIsNull), "p IS NULL"},
           {"truncate[10]", "decimal(9,2)", leaf(Op::kLess, {Decimal{100}}), "p <= 0.90"},
           {"truncate[10]", "decimal(9,2)", leaf(Op::kGreater, {Decimal{99}}), "p >= 1.00"},
           {"truncate[10]", "int", leaf(Op::kGreater, {std::numeric_limits<int32_t>::max()}),
            "false"},
           {"truncate[2]", "string", leaf(Op::kLess, {"abc"s}), "p <= 'ab'"},
           {"truncate[2]", "string", leaf(Op::kStartsWith, {"a"s}), "p STARTS WITH 'a'"},
           {"truncate[2]", "string", leaf(Op::kStartsWith, {"ab"s}), "p = 'ab'"},
           {"truncate[2]", "string", leaf(Op::kStartsWith, {"abc"s}), "p = 'ab'"},
           {"truncate[2]", "string", leaf(Op::kNotStartsWith, {"a"s}), "p NOT STARTS WITH 'a'"},
           {"truncate[2]", "string", leaf(Op::kNotStartsWith, {"ab"s}), "p <> 'ab'"},
           {"truncate[2]", "string", leaf(Op::kNotStartsWith, {"abc"s}), "true"},
           {"day", "date", leaf(Op::kLess, {17486}), "p <= '2017-11-15'"},
           {"day", "date", leaf(Op::kGreaterEqual, {17486}), "p >= '2017-11-16'"},
           {"day", "timestamp", leaf(Op::kLess, {int64_t{86'400'000'000}}), "p <= '1970-01-01'"},
           {"day", "timestamp", leaf(Op::kEqual, {int64_t{-1}}),
            "p IN ('1969-12-31', '1970-01-01')"},
           {"month", "date", leaf(Op::kNotNull), "p IS NOT NULL"},
           {"hour", "timestamp", leaf(Op::kNotIn, {int64_t{1}}), "true"},
           {"void", "int", leaf(Op::kEqual, {1}), "true"},
           {"zorder", "int", leaf(Op::kEqual, {1}), "true"},
       }) {
    const Schema schema = schema_of(row.type);
    PartitionSpec spec;
    spec.fields = {PartitionField{1, 1000, "p", parse_transform(row.transform)}};
    Schema partition;
    partition.fields = spec.partition_type(schema).fields();
    EXPECT_EQ(to_string(project_inclusive(row.predicate, schema, spec), partition), row.want)
        << row.transform << " of " << to_string(row.predicate, schema);
  }
}

class RandomValues {
 public:
  explicit RandomValues(TypeId type) : type_(type) {}

  Value next() {
    const uint64_t kind = random_() % 10;
    if (kind == 0) return Null{};
    switch (type_) {
      case TypeId::kInt:
      case TypeId::kDate:
        return number<int32_t>(kind);
      case TypeId::kLong:
      case TypeId::kTimestamp:
      case TypeId::kTimestamptzNs:
        return number<int64_t>(kind);
      case TypeId::kDecimal:
        return Decimal{number<int32_t>(kind)};
      case TypeId::kDouble:
        return kind < 3 ? kNan : kind < 5 ? -0.0 : static_cast<double>(random_() % 5);
      case TypeId::kString:
        return text();
      default:
        return Bytes{text()};
    }
  }

 private:
  template <typename Number>
  Number number(uint64_t kind) {
    using Limits = std::numeric_limits<Number>;
    const Number small = static_cast<Number>(random_() % 40);
    if (kind == 1) return Limits::min() + small;
    if (kind == 2) return Limits::max() - small;
    if (kind == 3) return static_cast<Number>(random_());
    return small - 20;
  }
  std::string text() {
    static const std::string kLetters[] = {"a", "b", "ä", "\xF0\x9F\x98\x80"};
    std::string made;
    for (uint64_t left = random_() % 5; left > 0; --left) made += kLetters[random_() % 4];
    return made;
  }

  TypeId type_;
  std::mt19937_64 random_{11};
};

// The promise of project_inclusive: where a row matches, its partition matches.
TEST(Predicate, ProjectionLosesNoRow) {
  const Op ops[] = {Op::kIsNull,     Op::kNotNull,      Op::kIsNan,   Op::kNotNan,
                    Op::kLess,       Op::kLessEqual,    Op::kGreater, Op::kGreaterEqual,
                    Op::kEqual,      Op::kNotEqual,     Op::kIn,      Op::kNotIn,
                    Op::kStartsWith, Op::kNotStartsWith};
  int matched = 0;
  int pruned = 0;
  for (const char* type : {"int", "long", "decimal(12,2)", "double", "date", "timestamp",
                           "timestamptz_ns", "string", "binary"}) {
    const Schema schema = schema_of(type);
    const Type source = schema.fields[0].type;
    RandomValues values(source.id());
    const bool text = source.id() == TypeId::kString || source.id() == TypeId::kBinary;
    for (const char* name : {"identity", "bucket[4]", "truncate[1]", "truncate[3]", "truncate[10]",
                             "year", "month", "day", "hour", "void"}) {
      const Transform transform = parse_transform(name);
      if (!can_transform(transform, source)) continue;
      PartitionSpec spec;
      spec.fields = {PartitionField{1, 1000, "p", transform}};
      for (const Op op : ops) {
        if (!text && (op == Op::kStartsWith || op == Op::kNotStartsWith)) continue;
        for (int i = 0; i < 400; ++i) {
          Predicate predicate = leaf(op);
          const size_t literals = op < Op::kLess ? 0 : op == Op::kIn || op == Op::kNotIn ? 3 : 1;
          while (predicate.values.size() < literals) predicate.values.push_back(values.next());
          const Value row = values.next();
          const std::vector<Value> partition = {apply(transform, source, row)};
          const bool kept =
              matches_partition(project_inclusive(predicate, schema, spec), spec, partition);
          pruned += kept ? 0 : 1;
          if (!leaf_matches(predicate, row)) continue;
          ++matched;
          ASSERT_TRUE(kept) << name << ": " << to_string(predicate, schema) << " row "
                            << to_human(row, source);
        }
      }
    }
  }
  EXPECT_GT(matched, 20000);
  EXPECT_GT(pruned, 10000);
}

// The promises of may_match and must_match, against columns of random values.
TEST(Predicate, BoundsKeepTheirPromises) {
  for (const char* type : {"int", "double", "string", "binary"}) {
    const Schema schema = schema_of(type);
    RandomValues values(schema.fields[0].type.id());
    for (int i = 0; i < 20000; ++i) {
      const bool text = schema.fields[0].type.id() == TypeId::kString;
      const auto op = static_cast<Op>(static_cast<int>(Op::kIsNull) + i % (text ? 14 : 12));
      Predicate predicate = leaf(op);
      const size_t literals = op < Op::kLess ? 0 : op == Op::kIn || op == Op::kNotIn ? 2 : 1;
      while (predicate.values.size() < literals) predicate.values.push_back(values.next());
      ColumnBounds known = bounds(Null{}, Null{}, 3, 0, 0);
      bool any = false;
      bool all = true;
      for (int row = 0; row < 3; ++row) {
        const Value value = values.next();
        const bool match = leaf_matches(predicate, value);
        any |= match;
        all &= match;
        if (is_null(value)) {
          ++*known.null_count;
        } else if (is_nan(value)) {
          ++*known.nan_count;
        } else {
          if (!known.lower || compare(value, *known.lower) < 0) known.lower = value;
          if (!known.upper || compare(value, *known.upper) > 0) known.upper = value;
        }
      }
      EXPECT_TRUE(!any || may_match(predicate, schema, {{1, known}}))
          << to_string(predicate, schema);
      EXPECT_TRUE(all || !must_match(predicate, schema, {{1, known}}))
          << to_string(predicate, schema);
    }
  }
}

}  // namespace
}  // namespace firn::types
