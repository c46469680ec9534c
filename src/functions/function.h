// The function table: one row a function (operators included), no execution. A row here plus its
// lowering or kernel adds a function to SQL, PySpark, SHOW FUNCTIONS and the documentation.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "types/data_type.h"

namespace firn::functions {

enum class Kind : uint8_t { kScalar, kAggregate, kWindowOnly, kGenerator, kTable };

enum Flags : uint32_t {
  kPure = 0,
  kCanThrow = 1,         // on some input, in every mode
  kVolatile = 2,         // rand, uuid: evaluated once a row, never duplicated
  kOrderSensitive = 4,   // first, collect_list
  kNullOnNull = 8,       // NULL where any argument is NULL
  kSession = 16,         // needs time zone or another conf
  kCanThrowInAnsi = 32,  // on some input, in ANSI mode only (else NULL or a wrapped value)
  kReplaced = 64,   // resolution replaces it by other expressions: it never reaches the lowering
  kInternal = 128,  // made by resolution, not callable by name
  kCostly = 256,    // takes longer than what is saved by filtering before it
};

// One argument's rule. The resolver inserts casts so that each argument meets it.
struct ArgRule {
  enum class Kind : uint8_t {
    kAny,
    kExactly,
    kOneOf,
    kNumeric,
    kIntegral,
    kFractional,
    kSameAs,
    kCommon,
    kOrderable,
    kArray,
    kMap,
    kStruct,
    kLambda,
    kFoldableString,
    kInterval,
    kTemporal,
    kElementOf,  // as the elements of array `same_as`; both take their common type
  };
  Kind kind = Kind::kAny;
  std::vector<types::DataTypeId> types;  // kExactly: one; kOneOf: in order of preference
  int same_as =
      -1;  // kSameAs: that argument; kCommon: group number, all of a group take their common type
  bool optional = false;
  bool repeated = false;  // the last rule only: zero or more further arguments
};

// Result type by rule; types that need code stand as a function in plan/result_types.cc, found by
// name.
struct ResultRule {
  enum class Kind : uint8_t { kFixed, kArgument, kCommon, kArrayOf, kElementOf, kNamed };
  Kind kind = Kind::kFixed;
  types::DataType fixed;
  int argument = 0;
  std::string_view named;  // kNamed: e.g. "decimal_add", "struct_of_arguments"
};

struct Function {
  std::string_view name;
  std::vector<std::string_view> aliases;
  Kind kind = Kind::kScalar;
  std::vector<ArgRule> arguments;
  ResultRule result;
  uint32_t flags = kPure;
  std::string_view documentation;
};

// Lower-case look-up, aliases included; nullptr where unknown. Pointers are stable for the process.
const Function* find_function(std::string_view name);
std::span<const Function> all_functions();
std::vector<std::string> nearest_functions(std::string_view name);

}  // namespace firn::functions
