// The resolver's parts, shared by the files resolve_*.cc. For src/plan only.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "plan/build.h"
#include "plan/coercion.h"
#include "plan/resolve.h"
#include "plan/scope.h"

namespace firn::plan {

// The text of an expression as error messages quote it.
inline std::string sql_of(const std::string& text) { return "\"" + text + "\""; }
// The rule of an argument; the last one repeats.
inline const functions::ArgRule& rule_of(const functions::Function& function, size_t index) {
  return function.arguments[std::min(index, function.arguments.size() - 1)];
}

// One SELECT being resolved: FROM and WHERE below, then grouping, then the select list, then what
// stands on it.
struct Block {
  Scope from;
  RelationPtr input;
  struct Computed {
    ExprPtr expr;               // over FROM
    Attribute attribute;        // its column above
    ExprPtr sliding = nullptr;  // windows: what was asked for, where `expr` needs more columns
  };
  bool aggregated = false;
  std::vector<std::vector<size_t>> grouping_sets;  // of keys by index; empty: all keys, once
  std::vector<Attribute> key_sources;              // with grouping sets: the keys' columns below
  std::optional<Attribute> grouping_id;
  bool strict_names = false;  // HAVING: what is not grouped by is not known
  std::vector<Computed> keys;
  std::vector<Computed> aggregates;
  std::vector<Computed> windows;  // window(time, …): columns computed below the grouping
  struct Session {                // session_window(time, gap in microseconds)
    ExprPtr time;
    int64_t gap;
    Attribute attribute;
  };
  std::vector<Session> sessions;
  std::vector<ExprPtr> outputs;  // named; over keys and aggregates where aggregated, else over FROM
  Scope output_scope;
  std::vector<ExprPtr> having;
  bool distinct = false;
};

// Where an expression stands.
struct Site {
  const Scope* scope = nullptr;
  const Scope* in_aggregate = nullptr;  // for arguments of aggregates, where it differs
  Block* block = nullptr;               // windows of time may be made here
  bool aggregates = false;              // allowed here
  bool windows = false;                 // OVER is allowed here
  const char* clause = "";              // for messages
};

// '5 minutes' or a day-time interval, in microseconds; nullopt where it is no constant of that
// kind.
std::optional<int64_t> constant_duration(const ExprPtr& expr);

// A relation, and the outermost alias over it with its column names.
struct Unaliased {
  const Relation* relation;
  std::string alias;
  std::vector<std::string> names;
};
Unaliased behind_aliases(const Relation& relation);

// The type with every child nullable, as parsers of text give it.
DataType nullable_throughout(const DataType& type);

// Functions whose calls carry spark.sql.mapKeyDedupPolicy: their seed is 1 where the last key wins.
inline bool makes_map(std::string_view function) {
  return function == "map" || function == "map_from_arrays" || function == "map_from_entries" ||
         function == "map_concat" || function == "str_to_map";
}

class Resolver {
 public:
  Resolver(const ResolveOptions& options, Surroundings& surroundings, IdSource& ids)
      : options_(options), surroundings_(surroundings), ids_(ids) {}

  Scoped relation(const RelationPtr& unresolved);
  // The plan gives exactly the scope's columns, in order.
  RelationPtr trimmed(const Scoped& scoped);
  bool uses_python() const { return python_; }
  bool nests_windows() const { return nests_windows_; }
  ExprPtr expression(const ExprPtr& unresolved, const Site& site);
  // Spark's name of a column that has none, after expression() has seen it.
  std::string display(const ExprPtr& unresolved);

 private:
  // ---- resolve_dataframe*.cc, resolve_statistic.cc
  void remember(const Relation& unresolved, Scope& scope);
  std::optional<NameMatch> find_planned(const UnresolvedName& node, const Scope& level,
                                        const std::optional<QueryContext>& origin);
  std::optional<NameMatch> find_column(const UnresolvedName& node, const Scope& scope,
                                       const std::optional<QueryContext>& origin);
  std::vector<ExprPtr> planned_columns(int64_t plan_id, const Scope& scope);
  std::vector<ExprPtr> matching_columns(const UnresolvedRegex& node, const Scope& scope);
  void keep_beyond(const Block& block, std::vector<ExprPtr>& computed, Scope& shown);
  Scoped column_chain(const RelationPtr& top);
  Scoped name_columns(const NameColumns& node);
  Scoped to_schema(const ToSchema& node);
  ExprPtr matched(const ExprPtr& value, const types::StructField& wanted, const std::string& path);
  Scoped fill_nulls(const FillNulls& node);
  Scoped drop_nulls(const DropNulls& node);
  Scoped replace_values(const ReplaceValues& node);
  Scoped sample(const Sample& node);
  Scoped tail(const Tail& node);
  Scoped statistic(const Statistic& node);
  Scoped summary(const Statistic& node, Scoped child);
  Scoped quantiles(const Statistic& node, Scoped child);
  Scoped frequent(const Statistic& node, Scoped child);
  ExprPtr update_field(const UpdateField& node, const ExprPtr& unresolved, const Site& site);
  ExprPtr updated(const ExprPtr& structure, const std::vector<std::string>& path, size_t at,
                  const ExprPtr& value, const ExprPtr& unresolved, const Site& site);
  const Attribute& column_of(const Scope& scope, const std::string& name);
  [[noreturn]] static void throw_among(const std::string& name,
                                       const std::vector<Attribute>& columns,
                                       const std::optional<QueryContext>& origin);
  Scoped projected(std::vector<ExprPtr> columns, Scoped child);
  void align_by_name(std::vector<RelationPtr>& children, const SetOperation& node,
                     const Relation& relation);

  // ---- resolve_relation.cc
  Scoped node_of(const RelationPtr& unresolved);
  Scoped table(const UnresolvedTable& node, const Relation& relation);
  Scoped table_function(const UnresolvedTableFunction& node, const Relation& relation);
  Scoped with(const With& node);
  Scoped subquery_alias(const SubqueryAlias& node);
  Scoped inline_table(const InlineTable& node, const Relation& relation);
  Scoped filter_of(const Filter& node, const Relation& relation);
  Scoped limit(const Limit& node);
  Scoped hinted(const Hint& node);
  Scoped deduplicate(const Deduplicate& node, const Relation& relation);
  Scoped watermark(const Watermark& node, const Relation& relation);
  Scoped scoped(RelationPtr plan);
  Scoped freshened(RelationPtr plan);  // ids that this query has seen before are replaced

  // ---- resolve_generate.cc, resolve_pivot.cc
  struct Generated {  // what a generator makes of a row
    ExprPtr call;     // explode, posexplode or inline
    bool outer = false;
    std::vector<types::StructField> fields;
  };
  Generated generator(const ExprPtr& unresolved, const Site& site);
  ExprPtr stacked(const UnresolvedCall& node, const ExprPtr& unresolved, const Site& site);
  ExprPtr json_fields(const UnresolvedCall& node, const ExprPtr& unresolved, const Site& site);
  Generate generate_node(const ExprPtr& unresolved, const Site& site, bool outer,
                         const std::vector<std::string>& names, RelationPtr child);
  Scoped generate(const Generate& node, const Relation& relation);
  Block generating(const std::vector<ExprPtr>& keys, const std::vector<ExprPtr>& list, size_t index,
                   Scoped from);
  Scoped generated_rows(const UnresolvedTableFunction& node, const Relation& relation);
  // The rows of a lateral join that pass its condition, if it has one.
  Scoped joined_on(const Join& node, Scoped rows);
  std::optional<Scoped> lateral_generator(const Join& node, Scoped& left, const Relation& relation);
  Scoped pivot(const Pivot& node, const Relation& relation);
  Scoped unpivot(const Unpivot& node, const Relation& relation);

  // ---- resolve_join.cc, resolve_set.cc
  Scoped join(const Join& node, const Relation& relation);
  Scoped set_operation(const SetOperation& node, const Relation& relation);

  // ---- resolve_select.cc
  Block block(const RelationPtr& unresolved);
  Block block_of(const RelationPtr& unresolved);
  Block select(const std::vector<ExprPtr>& keys, const std::vector<ExprPtr>& list,
               const RelationPtr& child);
  Block select_from(const std::vector<ExprPtr>& keys, const std::vector<ExprPtr>& list,
                    Scoped from);
  void group_by(Block& block, const std::vector<ExprPtr>& keys, const std::vector<ExprPtr>& list);
  void select_list(Block& block, const std::vector<ExprPtr>& list);
  void having(Block& block, const ExprPtr& condition);
  Scoped finished(Block block, const std::vector<SortKey>* sort);
  void grouping_sets(Block& block, const std::vector<ExprPtr>& keys,
                     const std::vector<ExprPtr>& list);
  ExprPtr grouping_bits(Block& block, const UnresolvedCall& node, const ExprPtr& unresolved,
                        const Site& site);
  RelationPtr in_sets(const Block& block, const RelationPtr& child);
  ExprPtr over_aggregate(Block& block, const ExprPtr& expr);
  ExprPtr over_outputs(Block& block, const ExprPtr& expr);
  RelationPtr grouped(const Block& block);
  RelationPtr layered(const std::vector<ExprPtr>& outputs, RelationPtr base);
  std::vector<ExprPtr> expand_stars(const std::vector<ExprPtr>& list, const Scope& scope);
  ExprPtr named_output(const ExprPtr& unresolved, const Site& site);
  std::optional<int64_t> ordinal(const ExprPtr& unresolved);

  // ---- resolve_expression.cc
  ExprPtr name(const UnresolvedName& node, const ExprPtr& unresolved, const Site& site);
  ExprPtr fields_of(ExprPtr child, const std::vector<std::string>& parts, size_t from,
                    const ExprPtr& unresolved);
  ExprPtr extract(const UnresolvedExtract& node, const ExprPtr& unresolved, const Site& site);
  ExprPtr explicit_cast(const Cast& node, const ExprPtr& unresolved, const Site& site);
  ExprPtr case_of(const Case& node, const ExprPtr& unresolved, const Site& site);
  ExprPtr in_of(const InList& node, const ExprPtr& unresolved, const Site& site);
  ExprPtr subquery(const Subquery& node, const ExprPtr& unresolved, const Site& site);
  // resolve_window.cc
  ExprPtr windowed(const Windowed& node, const ExprPtr& unresolved, const Site& site);
  void frame_of(const WindowSpec& given, WindowSpec& made, const ExprPtr& unresolved,
                const Site& site);
  ExprPtr boolean_condition(const ExprPtr& unresolved, const Site& site, const char* where);

  // ---- resolve_call.cc, resolve_operator.cc, resolve_replaced.cc, resolve_time_window.cc
  struct CallSite {  // one call, its arguments resolved
    const UnresolvedCall& node;
    const ExprPtr& unresolved;
    const Site& site;
    const functions::Function& function;
    std::vector<ExprPtr> arguments;
  };
  ExprPtr call_of(const UnresolvedCall& node, const ExprPtr& unresolved, const Site& site);
  ExprPtr decode(const UnresolvedCall& node, const ExprPtr& unresolved, const Site& site);
  ExprPtr chain(const UnresolvedCall& node, const ExprPtr& unresolved, const Site& site);
  void check_count(const CallSite& at, size_t given);
  void coerce_arguments(CallSite& at);
  ExprPtr coerce_argument(CallSite& at, size_t index, const functions::ArgRule& rule);
  ExprPtr higher_order(CallSite& at);  // resolve_higher_order.cc
  struct Bound {                       // a lambda whose arguments have their types
    Lambda lambda;
    ExprPtr as_argument() const;
    ExprPtr with(const std::vector<ExprPtr>& values) const;  // the body over these values
  };
  Bound bind_lambda(CallSite& at, size_t index, const std::vector<Attribute>& arguments);
  Bound constant_lambda(CallSite& at, size_t index, const std::vector<Attribute>& arguments);
  ExprPtr lambda_over(const DataType& element, bool nullable,
                      const std::function<ExprPtr(const ExprPtr&)>& body);
  ExprPtr built(std::string_view function, std::vector<ExprPtr> arguments, DataType type,
                const CallSite& at);
  ExprPtr aggregated(CallSite& at, const ExprPtr& array);
  ExprPtr sorted_by(CallSite& at, const ExprPtr& array);
  ExprPtr zipped(CallSite& at, const ExprPtr& array);
  ExprPtr over_map(CallSite& at, const ExprPtr& map);
  ExprPtr zipped_maps(CallSite& at, const ExprPtr& map);
  ExprPtr finished_call(CallSite& at);
  DataType result_type(CallSite& at);
  DataType named_result(CallSite& at);
  ExprPtr replaced(CallSite& at);  // kReplaced functions
  ExprPtr csv(CallSite& at);       // resolve_text_formats.cc
  ExprPtr xml(CallSite& at);       // resolve_xml.cc
  ExprPtr json_with_patterns(CallSite& at, const DataType& type);
  std::optional<UnresolvedCall> settled(const UnresolvedCall& node, const ExprPtr& unresolved);
  ExprPtr now(const std::optional<QueryContext>& origin);
  ExprPtr seconds_now(CallSite& at);
  ExprPtr time_window(CallSite& at);
  ExprPtr session_window(CallSite& at);  // resolve_session_window.cc
  RelationPtr sessions(const Block& block, RelationPtr plan);
  ExprPtr arithmetic(CallSite& at);  // nullptr: not an arithmetic operator
  ExprPtr date_arithmetic(CallSite& at);
  ExprPtr numeric_arithmetic(CallSite& at);
  ExprPtr comparison(CallSite& at);
  ExprPtr common_of(CallSite& at, std::vector<ExprPtr*> values);
  ExprPtr plain(CallSite& at, DataType type);
  [[noreturn]] void throw_elements(const CallSite& at, const DataType& array,
                                   const DataType& other);
  [[noreturn]] void throw_json_input(const CallSite& at, const DataType& given);
  void check_share(CallSite& at);
  void check_constant(CallSite& at, size_t index, const char* name, bool positive);
  [[noreturn]] void throw_operand_types(const CallSite& at);
  [[noreturn]] void throw_wrong_operand(const CallSite& at, std::string_view required,
                                        const DataType& actual);
  [[noreturn]] void throw_input_type(const CallSite& at, size_t index, std::string required);
  std::string input_text(const CallSite& at, size_t index);

  // ---- resolve_python.cc
  ExprPtr python_call(const PythonCall& node, const ExprPtr& unresolved, const Site& site);
  ExprPtr python_call(const UnresolvedCall& node, std::shared_ptr<const PythonFunction> function,
                      const ExprPtr& unresolved, const Site& site);
  Scoped python_map(const PythonMap& node, const Relation& relation);
  RelationPtr cogrouped(const PythonMap& node, Scoped& left, Scoped& right);

  // ---- resolve_python_table.cc
  struct PythonTable {  // a call of a table function, its arguments resolved
    std::shared_ptr<const PythonFunction> function;
    std::vector<ExprPtr> arguments;  // nullptr: the table
    std::vector<std::string> names;
    std::optional<Scoped> table;
    std::vector<ExprPtr> partition;
    std::vector<SortKey> order;
    std::vector<ExprPtr> selected;  // of the table's columns; none: all
    bool is_partitioned = false;    // one way or the other, as the call says
  };
  std::shared_ptr<const PythonFunction> python_table_function(const Relation& unresolved);
  Scoped python_rows(const UnresolvedTableFunction& node,
                     std::shared_ptr<const PythonFunction> function, const Relation& relation,
                     const Scoped* left, bool outer);
  void python_argument(PythonTable& made, const ExprPtr& argument, const Site& site);
  void analyze(PythonTable& made);
  RelationPtr python_table_plan(PythonTable made, const Relation& relation, const Scoped* left,
                                bool outer);
  std::optional<Scoped> lateral_python(const Join& node, Scoped& left, const Relation& relation);

  // ---- small things
  ExprPtr coerce(ExprPtr expr, const DataType& type) {
    return moment(cast(std::move(expr), type, implicit_mode(), true, {}, options_.time_zone));
  }
  void show_moment(const ExprPtr& unresolved, const Literal& constant);
  ExprPtr moment(ExprPtr expr);  // a cast of constant text to a date or timestamp, done
  CastMode implicit_mode() const { return options_.ansi ? CastMode::kAnsi : CastMode::kLegacy; }
  CallSettings settings() {
    return {options_.ansi, options_.time_zone, options_.seed + ++volatile_calls_};
  }
  bool same(std::string_view a, std::string_view b) const {
    return same_name(a, b, options_.case_sensitive);
  }
  void remember_display(const ExprPtr& unresolved, std::string text) {
    display_[unresolved.get()] = std::move(text);
  }
  ExprPtr displayable(const ExprPtr& unresolved);

  const ResolveOptions& options_;
  Surroundings& surroundings_;
  IdSource& ids_;
  std::vector<std::map<std::string, NamedRelation>> with_;  // innermost last; keys in lower case
  std::vector<const Scope*> outer_;                         // scopes of enclosing queries
  std::vector<const Scope*> lambda_;                        // lambdas' arguments
  std::set<AttributeId> seen_;                              // ids that leaves of this query gave
  std::unordered_map<const Expr*, std::string> display_;
  std::set<std::string> views_;  // CTEs being resolved
  std::deque<Scope> planned_;    // columns of relations that have a plan id
  std::unordered_map<int64_t, std::vector<size_t>> plan_ids_;  // → planned_
  int64_t volatile_calls_ = 0;
  int depth_ = 0;
  bool python_ = false;         // a PythonCall was met
  bool nests_windows_ = false;  // a window function stands within another
};

// Window functions within window functions become columns of a projection below: engines take one
// level at a time.
RelationPtr flat_windows(const RelationPtr& relation, IdSource& ids);

}  // namespace firn::plan
