// The words in which the rows of the function table are written, and its families. For
// src/functions only.
#pragma once

#include <utility>
#include <vector>

#include "functions/function.h"

namespace firn::functions {

using types::DataType;
using types::DataTypeId;

constexpr uint32_t kStrict = kNullOnNull;                     // pure, NULL on NULL
constexpr uint32_t kChecked = kNullOnNull | kCanThrowInAnsi;  // the same, and throws in ANSI mode
constexpr uint32_t kZoned = kNullOnNull | kSession;
constexpr uint32_t kZonedChecked = kNullOnNull | kSession | kCanThrowInAnsi;

inline ArgRule rule(ArgRule::Kind kind) {
  ArgRule made;
  made.kind = kind;
  return made;
}
inline ArgRule exactly(DataTypeId id) {
  ArgRule made = rule(ArgRule::Kind::kExactly);
  made.types = {id};
  return made;
}
inline ArgRule one_of(std::vector<DataTypeId> ids) {
  ArgRule made = rule(ArgRule::Kind::kOneOf);
  made.types = std::move(ids);
  return made;
}
// All arguments of a group are cast to their common type.
inline ArgRule common(int group = 0) {
  ArgRule made = rule(ArgRule::Kind::kCommon);
  made.same_as = group;
  return made;
}
inline ArgRule same_as(int argument) {
  ArgRule made = rule(ArgRule::Kind::kSameAs);
  made.same_as = argument;
  return made;
}
inline ArgRule element(int array) {
  ArgRule made = rule(ArgRule::Kind::kElementOf);
  made.same_as = array;
  return made;
}
inline ArgRule optional(ArgRule made) {
  made.optional = true;
  return made;
}
inline ArgRule many(ArgRule made) {
  made.repeated = true;
  return made;
}

inline ArgRule any() { return rule(ArgRule::Kind::kAny); }
inline ArgRule numeric() { return rule(ArgRule::Kind::kNumeric); }
inline ArgRule integral() { return rule(ArgRule::Kind::kIntegral); }
inline ArgRule orderable() { return rule(ArgRule::Kind::kOrderable); }
inline ArgRule array() { return rule(ArgRule::Kind::kArray); }
inline ArgRule map() { return rule(ArgRule::Kind::kMap); }
inline ArgRule structure() { return rule(ArgRule::Kind::kStruct); }
inline ArgRule temporal() { return rule(ArgRule::Kind::kTemporal); }
inline ArgRule interval() { return rule(ArgRule::Kind::kInterval); }
inline ArgRule foldable_string() { return rule(ArgRule::Kind::kFoldableString); }
inline ArgRule boolean() { return exactly(DataTypeId::kBoolean); }
inline ArgRule string() { return exactly(DataTypeId::kString); }
inline ArgRule binary() { return exactly(DataTypeId::kBinary); }
inline ArgRule integer() { return exactly(DataTypeId::kInteger); }
inline ArgRule bigint() { return exactly(DataTypeId::kLong); }
inline ArgRule real() { return exactly(DataTypeId::kDouble); }
inline ArgRule date() { return exactly(DataTypeId::kDate); }
inline ArgRule timestamp() { return exactly(DataTypeId::kTimestamp); }
inline ArgRule string_or_binary() { return one_of({DataTypeId::kString, DataTypeId::kBinary}); }

inline ResultRule fixed(DataType type) {
  ResultRule made;
  made.fixed = std::move(type);
  return made;
}
inline ResultRule result(ResultRule::Kind kind, int argument) {
  ResultRule made;
  made.kind = kind;
  made.argument = argument;
  return made;
}
inline ResultRule type_of(int argument) { return result(ResultRule::Kind::kArgument, argument); }
inline ResultRule type_of_group(int group = 0) { return result(ResultRule::Kind::kCommon, group); }
inline ResultRule array_of(int argument) { return result(ResultRule::Kind::kArrayOf, argument); }
inline ResultRule element_of(int argument) {
  return result(ResultRule::Kind::kElementOf, argument);
}
inline ResultRule named(std::string_view name) {
  ResultRule made;
  made.kind = ResultRule::Kind::kNamed;
  made.named = name;
  return made;
}

std::vector<Function> operator_functions();
std::vector<Function> string_functions();
std::vector<Function> regex_functions();
std::vector<Function> hash_functions();
std::vector<Function> math_functions();
std::vector<Function> conditional_functions();
std::vector<Function> datetime_functions();
std::vector<Function> json_functions();
std::vector<Function> collection_functions();
std::vector<Function> aggregate_functions();
std::vector<Function> window_functions();
std::vector<Function> session_functions();
std::vector<Function> format_functions();
std::vector<Function> statistic_functions();
std::vector<Function> sketch_functions();

}  // namespace firn::functions
