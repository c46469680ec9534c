// Which names a piece of SQL may use, and what each of them is.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plan/build.h"

namespace firn::plan {

struct Scope {
  std::vector<Attribute> columns;      // in order, what a star gives
  std::vector<Attribute> hidden;       // found by name only
  const Scope* next = nullptr;         // asked where this one has no match (select list → FROM)
  std::vector<Attribute> beyond = {};  // DataFrames: columns below that were not selected; filters
                                       // and sorts may still ask for them
  // DataFrames: how many relations below this one those of Resolver::planned_ are, as far as they
  // are near.
  std::map<size_t, int> depths = {};
};

// A relation and the names that it offers; the plan may give more columns than the scope shows.
struct Scoped {
  RelationPtr plan;
  Scope scope;
};

// Whether two names are the same; ASCII letters without case unless `case_sensitive`.
bool same_name(std::string_view a, std::string_view b, bool case_sensitive);
std::string backquoted(const std::vector<std::string>& parts);  // `a`.`b`
std::string backquoted(std::string_view part);
std::string quoted_type(const types::DataType& type);  // "INT" with its quotes

std::string ordinal_name(size_t index);  // 0 → first

struct NameMatch {
  Attribute attribute;
  size_t used = 0;  // parts that named it; further ones are struct fields
};

// Throws AMBIGUOUS_REFERENCE. nullopt: nothing of that name in `scope` and those that it asks next.
std::optional<NameMatch> find_name(const Scope& scope, const std::vector<std::string>& parts,
                                   bool case_sensitive, const std::optional<QueryContext>& origin);
// The index of a field; nullopt: none. Throws AMBIGUOUS_REFERENCE_TO_FIELDS.
std::optional<int> find_field(const types::DataType& structure, std::string_view name,
                              bool case_sensitive, const std::optional<QueryContext>& origin);
[[noreturn]] void throw_unresolved(const std::vector<std::string>& parts, const Scope& scope,
                                   const std::optional<QueryContext>& origin);
[[noreturn]] void throw_at(const std::optional<QueryContext>& origin, std::string_view condition,
                           Params params = {});

}  // namespace firn::plan
