// Spark's names of columns that have none: what a call shows of itself and its defaults.
#include <algorithm>

#include "plan/resolver.h"

namespace firn::plan {
namespace {

using enum DataTypeId;

// Functions that Spark shows in capitals.
constexpr std::string_view kCapitals[] = {
    "acos",    "acosh",      "asin",  "asinh", "atan",         "atan2",
    "atanh",   "cbrt",       "cos",   "cosh",  "cot",          "csc",
    "degrees", "dense_rank", "e",     "exp",   "expm1",        "hypot",
    "log",     "log10",      "log1p", "log2",  "percent_rank", "pi",
    "power",   "radians",    "rank",  "sec",   "signum",       "spark_partition_id",
    "sin",     "sinh",       "sqrt",  "tan",   "tanh",
};
// Calls with so many arguments that are shown otherwise: another name, the first few arguments,
// defaults behind.
struct Shown {
  std::string_view function;
  size_t arguments;
  std::string_view name;
  size_t kept;
  std::string_view text = "";  // a default that is a string
  int64_t number = kNoNumber;  // a default that is a number
  static constexpr int64_t kNoNumber = INT64_MIN;
};
constexpr Shown kShown[] = {
    {"ceil", 1, "CEIL", 1},
    {"floor", 1, "FLOOR", 1},
    {"round", 1, "round", 1, "", 0},
    {"bround", 1, "bround", 1, "", 0},
    {"substr", 2, "substr", 2, "", 2147483647},
    {"sort_array", 1, "sort_array", 1, "true"},
    {"regexp_replace", 3, "regexp_replace", 3, "", 1},
    {"regexp_extract", 2, "regexp_extract", 2, "", 1},
    {"regexp_extract_all", 2, "regexp_extract_all", 2, "", 1},
    {"regexp_instr", 2, "regexp_instr", 2, "", 0},
    {"split", 2, "split", 2, "", -1},
    {"percentile", 2, "percentile", 2, "", 1},
    {"unix_timestamp", 1, "unix_timestamp", 1, "yyyy-MM-dd HH:mm:ss"},
    {"to_unix_timestamp", 1, "to_unix_timestamp", 1, "yyyy-MM-dd HH:mm:ss"},
    {"from_unixtime", 1, "from_unixtime", 1, "yyyy-MM-dd HH:mm:ss"},
    {"to_json", 2, "to_json", 1},
    {"schema_of_json", 2, "schema_of_json", 1},
    {"to_csv", 2, "to_csv", 1},
    {"to_xml", 2, "to_xml", 1},
    {"schema_of_xml", 2, "schema_of_xml", 1},
    {"from_xml", 2, "from_xml", 1},
    {"from_xml", 3, "from_xml", 1},
    {"schema_of_csv", 2, "schema_of_csv", 1},
    {"position", 2, "position", 2, "", 1},
    {"to_varchar", 2, "to_char", 2},
    {"sentences", 1, "sentences", 1, ", "},
    {"aes_encrypt", 2, "aes_encrypt", 2, "GCM, DEFAULT, , "},
    {"aes_encrypt", 3, "aes_encrypt", 3, "DEFAULT, , "},
    {"aes_encrypt", 4, "aes_encrypt", 4, ", "},
    {"aes_decrypt", 2, "aes_decrypt", 2, "GCM, DEFAULT, "},
    {"aes_decrypt", 3, "aes_decrypt", 3, "DEFAULT, "},
    {"try_aes_decrypt", 2, "try_aes_decrypt", 2, "GCM, DEFAULT, "},
    {"try_aes_decrypt", 3, "try_aes_decrypt", 3, "DEFAULT, "},
    {"first", 2, "first", 1},
    {"last", 2, "last", 1},
    {"first_value", 2, "first_value", 1},
    {"last_value", 2, "last_value", 1},
    {"mode", 2, "mode", 1},
    {"theta_sketch_agg", 1, "theta_sketch_agg", 1, "", 12},
    {"theta_union_agg", 1, "theta_union_agg", 1, "", 12},
    {"theta_union", 2, "theta_union", 2, "", 12},
    {"shuffle", 2, "shuffle", 1},
    {"uuid", 1, "uuid", 0},
    {"any_value", 2, "any_value", 1},
    {"array_agg", 1, "collect_list", 1},
    {"current_database", 0, "current_schema", 0},
    {"make_ym_interval", 1, "make_ym_interval", 1, "", 0},
    {"make_dt_interval", 0, "make_dt_interval", 0, "0, 0, 0, 0.000000"},
    {"make_dt_interval", 1, "make_dt_interval", 1, "0, 0, 0.000000"},
    {"make_dt_interval", 2, "make_dt_interval", 2, "0, 0.000000"},
    {"make_dt_interval", 3, "make_dt_interval", 3, "0.000000"},
    {"percentile_approx", 2, "percentile_approx", 2, "", 10000},
    {"approx_percentile", 2, "approx_percentile", 2, "", 10000},
    {"months_between", 2, "months_between", 2, "true"},
    {"str_to_map", 2, "str_to_map", 2, ":"},
    {"str_to_map", 1, "str_to_map", 1, ",, :"},
    {"lpad", 2, "lpad", 2, " "},
    {"rpad", 2, "rpad", 2, " "},
    {"dateadd", 2, "date_add", 2},
    {"regexp_like", 2, "REGEXP_LIKE", 2},
    {"regexp", 2, "REGEXP", 2},
};

// array_sort without a comparator.
constexpr std::string_view kDefaultOrder =
    "lambdafunction((IF(((namedlambdavariable() IS NULL) AND (namedlambdavariable() IS NULL)), 0, "
    "(IF((namedlambdavariable() IS NULL), 1, (IF((namedlambdavariable() IS NULL), -1, "
    "(IF((namedlambdavariable() < namedlambdavariable()), -1, (IF((namedlambdavariable() > "
    "namedlambdavariable()), 1, 0)))))))))), namedlambdavariable(), namedlambdavariable())";

bool is_sort_key(const Expr& expr) {
  const auto* call = std::get_if<UnresolvedCall>(&expr.node);
  return call != nullptr && call->name == "sort_key";
}

bool is_true(const Expr& expr) {
  const Literal* literal = as_literal(expr);
  const bool* truth = literal == nullptr ? nullptr : std::get_if<bool>(&literal->value);
  return truth != nullptr && *truth;
}

UnresolvedCall shown(UnresolvedCall call) {
  const size_t given = call.arguments.size();
  if (call.name == "replace" && given == 2) call.arguments.push_back(string_literal(""));
  if (call.name == "log" && given == 1)
    call.arguments.insert(call.arguments.begin(), make(UnresolvedName{{"E()"}, {}}));
  if (call.name == "assert_true" && given == 1)
    call.arguments.push_back(
        string_literal("'" + pretty_name(*call.arguments[0]) + "' is not true!"));
  if (call.name == "listagg" || call.name == "string_agg") {
    const bool separator = given > 1 && !is_sort_key(*call.arguments[1]);
    if (given > 0 && !separator)
      call.arguments.insert(call.arguments.begin() + 1, make(UnresolvedName{{"NULL"}, {}}));
  }
  const bool last_is_empty = (call.name == "aes_encrypt" && given == 5) ||
                             (call.name.ends_with("aes_decrypt") && given == 4);
  if (last_is_empty) call.arguments.push_back(make(UnresolvedName{{""}, {}}));
  if (call.ignore_nulls && (call.name == "first_value" || call.name == "last_value"))
    call.name.resize(call.name.size() - 6);
  if (call.name == "convert_timezone" && given == 2)
    call.arguments.insert(call.arguments.begin(), make(UnresolvedName{{"current_timezone()"}, {}}));
  if ((call.name == "aggregate" || call.name == "reduce") && given == 3)
    call.arguments.push_back(
        make(UnresolvedName{{"lambdafunction(namedlambdavariable(), namedlambdavariable())"}, {}}));
  if (call.name == "array_sort" && given == 1)
    call.arguments.push_back(make(UnresolvedName{{std::string(kDefaultOrder)}, {}}));
  if (call.name == "mask" && given >= 1 && given < 5)
    for (const std::string_view text : {std::string_view("X"), std::string_view("x"),
                                        std::string_view("n"), std::string_view("NULL")}) {
      static constexpr std::string_view kOrder = "XxnN";
      if (kOrder.find(text[0]) + 1 >= given)
        call.arguments.push_back(make(UnresolvedName{{std::string(text)}, {}}));
    }
  for (const Shown& row : kShown) {
    if (row.function != call.name || row.arguments != given) continue;
    call.name = row.name;
    call.arguments.resize(row.kept);
    if (!row.text.empty())
      call.arguments.push_back(make(UnresolvedName{{std::string(row.text)}, {}}));
    if (row.number != Shown::kNoNumber) call.arguments.push_back(integer_literal(row.number));
    return call;
  }
  if (std::find(std::begin(kCapitals), std::end(kCapitals), call.name) != std::end(kCapitals))
    for (char& c : call.name)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return call;
}

// The frame that a window without one has.
void show_frame(Windowed& windowed, std::string_view function) {
  using Kind = FrameBound::Kind;
  WindowSpec& spec = windowed.spec;
  if (spec.has_frame) return;
  spec.has_frame = true;
  const bool ranks = function == "row_number" || function == "rank" || function == "dense_rank" ||
                     function == "percent_rank" || function == "ntile";
  spec.rows = ranks || spec.order_by.empty();
  spec.start.kind = Kind::kUnboundedPreceding;
  spec.end.kind = ranks || !spec.order_by.empty() ? Kind::kCurrentRow : Kind::kUnboundedFollowing;
  if (function != "lag" && function != "lead") return;
  const auto& arguments = std::get<UnresolvedCall>(windowed.function->node).arguments;
  const Literal* offset = arguments.size() > 1 ? as_literal(*arguments[1]) : nullptr;
  const auto* number = offset != nullptr ? std::get_if<int64_t>(&offset->value) : nullptr;
  const int64_t rows = number != nullptr ? *number : 1;
  spec.rows = true;
  spec.start = spec.end = {Kind::kFollowing, integer_literal(function == "lag" ? -rows : rows)};
}

}  // namespace

// The unresolved expression with names as their columns print.
ExprPtr Resolver::displayable(const ExprPtr& unresolved) {
  const auto known = display_.find(unresolved.get());
  if (known != display_.end()) return make(UnresolvedName{{known->second}, {}});
  if (unresolved->resolved) return unresolved;
  if (const auto* converted = std::get_if<Cast>(&unresolved->node);
      converted != nullptr && converted->type.is_nested())
    return displayable(converted->child);  // as Spark shows casts to nested types
  const ExprPtr inner =
      map_children(unresolved, [&](const ExprPtr& child) { return displayable(child); });
  if (const auto* call = std::get_if<UnresolvedCall>(&inner->node)) {
    if (call->name == "mode" && call->arguments.size() == 2 && is_true(*call->arguments[1]))
      return make(UnresolvedName{
          {"mode() WITHIN GROUP (ORDER BY " + pretty_name(*call->arguments[0]) + " DESC)"}, {}});
    return make(shown(*call));
  }
  if (const auto* windowed = std::get_if<Windowed>(&inner->node)) {
    Windowed made = *windowed;
    const auto* function =
        std::get_if<UnresolvedCall>(&std::get<Windowed>(unresolved->node).function->node);
    if (function != nullptr) show_frame(made, function->name);
    return make(std::move(made));
  }
  return inner;
}

std::string Resolver::display(const ExprPtr& unresolved) {
  const auto* named = std::get_if<Alias>(&unresolved->node);
  return pretty_name(*displayable(named != nullptr ? named->child : unresolved));
}

}  // namespace firn::plan
