// Resolution: names → attribute ids and types, functions → rows of the table, implicit casts made
// explicit.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plan/relation.h"

namespace firn::plan {

struct ResolveOptions {
  bool ansi = true;               // spark.sql.ansi.enabled
  bool case_sensitive = false;    // spark.sql.caseSensitive
  std::string time_zone = "UTC";  // spark.sql.session.timeZone
  int64_t now_us = 0;             // current_timestamp of the query
  std::string current_catalog, current_namespace, user;
  int64_t seed = 0;
  bool last_key_wins = false;  // spark.sql.mapKeyDedupPolicy: equal keys of a map are no error
  // A streaming plan is prepared once: current_timestamp becomes Parameter{kBatchTimeParameter}
  // (TIMESTAMP).
  bool streaming_batch_time_parameter = false;
};

constexpr int kBatchTimeParameter = 0;

// An argument of a Python table function as its analyze() sees it.
struct PythonArgument {
  std::string name;  // "" where positional
  types::DataType type;
  std::optional<types::Value> value = {};  // of a constant
  bool is_constant = false;
  bool is_table = false;
};
// What analyze() said of a call.
struct PythonAnalysis {
  types::DataType result;  // a struct
  std::string pickled;     // the whole answer, for the function's constructor
  bool single_partition = false;
  std::vector<std::string> partition_by;  // SQL
  struct Order {
    std::string column;  // SQL
    bool ascending = true;
    std::optional<bool> nulls_first = {};
  };
  std::vector<Order> order_by;
  std::vector<std::pair<std::string, std::string>> select;  // SQL and its alias or ""
};

// What resolution asks of its surroundings; the session answers.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  // A table, a view's resolved plan, a file in place, or nullptr where there is none (then
  // TABLE_OR_VIEW_NOT_FOUND). Fresh attribute ids come from `fresh`.
  virtual RelationPtr find_table(const UnresolvedTable&, class IdSource& fresh) = 0;
  // Table functions that are not built in (read_kafka, read_files …): arguments are folded
  // literals. nullptr: unknown.
  virtual RelationPtr find_table_function(
      const std::string& name, const std::vector<std::pair<std::string, Literal>>& arguments,
      bool streaming, IdSource& fresh) = 0;
  // "a INT, b STRUCT<c: STRING>" or schema JSON.
  virtual types::DataType parse_schema(const std::string& text) = 0;
  // spark.udf.register; nullptr: none of that name.
  virtual std::shared_ptr<const PythonFunction> find_python_function(const std::string& /*name*/) {
    return nullptr;
  }
  // spark.udtf.register; nullptr: none of that name.
  virtual std::shared_ptr<const PythonFunction> find_python_table_function(
      const std::string& /*name*/) {
    return nullptr;
  }
  // Asks analyze() of a table function without a declared result. Runs a Python process.
  virtual PythonAnalysis analyze_python(const PythonFunction& function,
                                        const std::vector<PythonArgument>& /*arguments*/) {
    throw_unsupported("the Python table function " + function.name + " in this place");
  }
  virtual ExprPtr parse_expression(const std::string& /*sql*/) { return nullptr; }
  virtual std::vector<std::string> known_tables() { return {}; }  // for suggestions
};

class IdSource {
 public:
  AttributeId next() { return AttributeId{++last_}; }

 private:
  int64_t last_ = 0;
};

// Throws Error with Spark's condition and the position in the text.
RelationPtr resolve(const RelationPtr& unresolved, const ResolveOptions&, Surroundings&, IdSource&);
// A lone expression over the columns of `input` (expectations, defaults, DELETE conditions).
ExprPtr resolve_expression(const ExprPtr& unresolved, const std::vector<Attribute>& input,
                           const ResolveOptions&, Surroundings&, IdSource&);

// After resolution: collapses projection and filter chains, folds constants, pushes filters into
// scans (as Iceberg predicates, the exact filter stays), drops unused scan columns, balances long
// AND/OR/+/concat chains.
RelationPtr rewrite(const RelationPtr& resolved);

// Store assignment (INSERT): the child's columns cast and ordered for `target`. Errors as Spark's
// INCOMPATIBLE_DATA_FOR_TABLE.*.
RelationPtr assign_to_table(const RelationPtr& resolved, const types::DataType& target,
                            bool by_name, const std::string& table_name, const ResolveOptions&,
                            IdSource&);

// The Iceberg predicate of a resolved condition over `columns`, as far as it can be expressed
// (weaker is fine: never stronger).
types::Predicate to_iceberg_predicate(const Expr& condition,
                                      const std::vector<ScanColumn>& columns);

}  // namespace firn::plan
