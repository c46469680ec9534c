// DataFrame.summary, describe and DataFrame.stat: aggregates of the child, put into Spark's shapes.
#include <algorithm>
#include <cmath>

#include "plan/resolver.h"

namespace firn::plan {
namespace {

ExprPtr named_call(const char* function, std::vector<ExprPtr> arguments, bool distinct = false) {
  UnresolvedCall call;
  call.name = function;
  call.arguments = std::move(arguments);
  call.distinct = distinct;
  return make(std::move(call));
}

std::string text_of(const ExprPtr& literal) {
  return std::get<std::string>(std::get<Literal>(literal->node).value);
}
double real_of(const ExprPtr& literal) {
  return std::get<double>(std::get<Literal>(literal->node).value);
}

bool is_counted(const DataType& type) {
  return type.is_numeric() || type.id() == DataTypeId::kString;
}

ExprPtr as_double(const Attribute& attribute) {
  const bool text = attribute.type.id() == DataTypeId::kString;
  return make(
      Cast{column(attribute), DataTypeId::kDouble, text ? CastMode::kTry : CastMode::kUnresolved});
}

// The value at a share of the sorted ones: Spark's approximate percentile, exactly.
ExprPtr value_at(const ExprPtr& value, double share) {
  const ExprPtr count = named_call("count", {value});
  const ExprPtr rank = named_call(
      "ceil", {named_call("*", {make(Cast{count, DataTypeId::kDouble, CastMode::kLegacy}),
                                literal(DataTypeId::kDouble, share)})});
  const ExprPtr index = make(Cast{named_call("greatest", {rank, long_literal(1)}),
                                  DataTypeId::kInteger, CastMode::kLegacy});
  return named_call("try_element_at",
                    {named_call("sort_array", {named_call("collect_list", {value})}), index});
}

// What one statistic of one column is; Spark's names.
ExprPtr statistic_of(const std::string& name, const Attribute& attribute) {
  struct Row {
    const char* statistic;
    const char* function;
    bool of_double;
    bool distinct = false;
  };
  constexpr Row kRows[] = {{"count", "count", false},
                           {"count_distinct", "count", false, true},
                           {"approx_count_distinct", "approx_count_distinct", false},
                           {"mean", "avg", true},
                           {"stddev", "stddev_samp", true},
                           {"min", "min", false},
                           {"max", "max", false}};
  for (const Row& row : kRows)
    if (same_name(name, row.statistic, false))
      return named_call(row.function, {row.of_double ? as_double(attribute) : column(attribute)},
                        row.distinct);
  if (name.ends_with("%")) {
    char* end = nullptr;
    const double share = std::strtod(name.c_str(), &end) / 100;
    if (end != name.c_str() && *end == '%') {
      if (share < 0 || share > 1)
        throw Error("FIRN_INVALID_INPUT",
                    {{"what", "requirement failed: Percentiles must be in the range [0, 1]"}});
      const bool text = attribute.type.id() == DataTypeId::kString;
      return value_at(text ? as_double(attribute) : column(attribute), share);
    }
    throw Error("UNRECOGNIZED_STATISTIC", {{"stats", "'" + name + "'"}});
  }
  throw Error("UNRECOGNIZED_STATISTIC", {{"stats", "'" + name + "'"}});
}

}  // namespace

Scoped Resolver::statistic(const Statistic& node) {
  Scoped child = relation(node.child);
  if (node.name == "summary" || node.name == "describe") return summary(node, std::move(child));
  if (node.name == "approxQuantile") return quantiles(node, std::move(child));
  if (node.name == "freqItems") return frequent(node, std::move(child));
  if (node.name == "cov" || node.name == "corr") {
    if (node.name == "corr" && !node.arguments.empty() && text_of(node.arguments[0]) != "pearson")
      throw Error("FIRN_INVALID_INPUT",
                  {{"what",
                    "requirement failed: Currently only the calculation of the Pearson "
                    "Correlation coefficient is supported."}});
    std::vector<ExprPtr> arguments;
    for (const std::string& name : node.columns) {
      const Attribute& attribute = column_of(child.scope, name);
      if (!attribute.type.is_numeric())
        throw Error("FIRN_INVALID_INPUT",
                    {{"what", "requirement failed: Currently " +
                                  std::string(node.name == "cov" ? "covariance" : "correlation") +
                                  " calculation for columns with dataType " +
                                  attribute.type.simple_string() + " not supported."}});
      arguments.push_back(as_double(attribute));
    }
    const ExprPtr value =
        named_call("coalesce", {named_call(node.name == "cov" ? "covar_samp" : "corr", arguments),
                                literal(DataTypeId::kDouble, node.name == "cov" ? 0.0 : NAN)});
    return finished(select_from({}, {make(Alias{value, node.name})}, std::move(child)), nullptr);
  }
  if (node.name != "sampleBy") throw_unsupported("the statistic " + node.name);
  // sampleBy: column, seed, then stratum and fraction in turns.
  Case fraction;
  Site site;
  site.scope = &child.scope;
  fraction.operand = node.arguments.at(0);
  for (size_t i = 2; i + 1 < node.arguments.size(); i += 2)
    fraction.branches.push_back({node.arguments[i], node.arguments[i + 1]});
  fraction.otherwise = literal(DataTypeId::kDouble, 0.0);
  if (fraction.branches.empty()) fraction.operand = nullptr;
  const ExprPtr share = fraction.branches.empty() ? fraction.otherwise : make(std::move(fraction));
  std::vector<ExprPtr> columns;
  for (const Attribute& attribute : child.plan->output) columns.push_back(column(attribute));
  const ExprPtr draw =
      alias(expression(named_call("rand", {node.arguments.at(1)}), site), "draw", ids_.next());
  columns.push_back(draw);
  child.plan = project(std::move(columns), child.plan);
  child.plan =
      filter(expression(named_call("<", {column(attribute_of(*draw)), share}), site), child.plan);
  return child;
}

// One row of aggregates, then a row a statistic out of it.
Scoped Resolver::summary(const Statistic& node, Scoped child) {
  std::vector<std::string> names;
  for (const ExprPtr& argument : node.arguments) names.push_back(text_of(argument));
  const bool describes = node.name == "describe";
  if (names.empty())
    names = describes ? std::vector<std::string>{"count", "mean", "stddev", "min", "max"}
                      : std::vector<std::string>{"count", "mean", "stddev", "min",
                                                 "25%",   "50%",  "75%",    "max"};
  std::vector<Attribute> asked;
  for (const std::string& name : node.columns) asked.push_back(column_of(child.scope, name));
  if (node.columns.empty()) asked = child.scope.columns;
  std::erase_if(asked, [](const Attribute& attribute) { return !is_counted(attribute.type); });
  std::vector<ExprPtr> list;
  for (const Attribute& attribute : asked)
    for (const std::string& name : names)
      list.push_back(make(Alias{
          make(Cast{statistic_of(name, attribute), DataTypeId::kString, CastMode::kUnresolved}),
          name}));
  Rows rows;
  rows.columns = {{ids_.next(), "position", DataTypeId::kInteger, false, {}},
                  {ids_.next(), "summary", DataTypeId::kString, false, {}}};
  for (size_t i = 0; i < names.size(); ++i)
    rows.rows.push_back({integer_literal(static_cast<int64_t>(i)), string_literal(names[i])});
  const Attribute position = rows.columns[0], label = rows.columns[1];
  RelationPtr plan = finish(std::move(rows));
  Scoped values;
  if (!list.empty()) {
    values = finished(select_from({}, list, std::move(child)), nullptr);
    plan = finish(Join{JoinKind::kCross, plan, values.plan, nullptr, {}, false});
  }
  plan = finish(Sort{{{column(position), true, true}}, plan});
  Scoped result{plan, {}};
  Site site;
  site.scope = &result.scope;
  std::vector<ExprPtr> columns{alias(column(label), "summary", ids_.next())};
  for (size_t c = 0; c < asked.size(); ++c) {
    Case made;
    made.operand = column(position);
    for (size_t i = 0; i < names.size(); ++i)
      made.branches.push_back({integer_literal(static_cast<int64_t>(i)),
                               column(values.scope.columns[c * names.size() + i])});
    columns.push_back(alias(expression(make(std::move(made)), site), asked[c].name, ids_.next()));
  }
  return projected(std::move(columns), std::move(result));
}

// Arguments: the relative error, then the shares. One row: an array a column.
Scoped Resolver::quantiles(const Statistic& node, Scoped child) {
  const double error = real_of(node.arguments.at(0));
  std::vector<ExprPtr> arrays;
  for (const std::string& name : node.columns) {
    const Attribute& attribute = column_of(child.scope, name);
    if (!attribute.type.is_numeric())
      throw Error("FIRN_INVALID_INPUT",
                  {{"what", "requirement failed: Quantile calculation for column " + name +
                                " with data type " + attribute.type.simple_string() +
                                " is not supported."}});
    const ExprPtr real = as_double(attribute);
    const ExprPtr value =
        make(Case{nullptr, {{named_call("isnan", {real}), null_of(DataTypeId::kDouble)}}, real});
    std::vector<ExprPtr> items;
    for (size_t i = 1; i < node.arguments.size(); ++i) {
      const double share = real_of(node.arguments[i]);
      items.push_back(share <= error       ? named_call("min", {value})
                      : share >= 1 - error ? named_call("max", {value})
                                           : value_at(value, share));
    }
    Case made;  // no values: no quantiles
    made.branches.push_back({named_call(">", {named_call("count", {value}), long_literal(0)}),
                             named_call("array", std::move(items))});
    made.otherwise = make(Cast{named_call("array", {}), DataType::array(DataTypeId::kDouble)});
    arrays.push_back(make(std::move(made)));
  }
  const ExprPtr all = make(Alias{named_call("array", std::move(arrays)), "approx_quantile"});
  return finished(select_from({}, {all}, std::move(child)), nullptr);
}

// The values that make up more than the share; all of them where they are few.
Scoped Resolver::frequent(const Statistic& node, Scoped child) {
  const double support = real_of(node.arguments.at(0));
  if (support < 1e-4 || support > 1)
    throw Error("FIRN_INVALID_INPUT",
                {{"what", "requirement failed: Support must be in [1e-4, 1], but got " +
                              std::to_string(support) + "."}});
  const auto room = static_cast<int64_t>(1 / support);
  RelationPtr all;
  std::vector<ExprPtr> outputs;
  for (const std::string& name : node.columns) {
    const Attribute attribute = column_of(child.scope, name);
    // A value and how often it comes; then all of them in one row; then those that count.
    Scoped groups = finished(
        select_from(
            {column(attribute)},
            {column(attribute), make(Alias{named_call("count", {integer_literal(1)}), "n"})},
            child),
        nullptr);
    const ExprPtr value = column(groups.scope.columns[0]), n = column(groups.scope.columns[1]);
    const Scoped total = finished(
        select_from(
            {},
            {make(Alias{named_call("collect_list", {named_call("struct", {value, n})}), "items"}),
             make(Alias{named_call("sum", {n}), "rows"}),
             make(Alias{named_call("count", {integer_literal(1)}), "values"})},
            groups),
        nullptr);
    const std::vector<Attribute>& made = total.scope.columns;
    const auto item = [](const char* part) {
      return make(UnresolvedExtract{make(UnresolvedName{{"item"}, {}}), string_literal(part)});
    };
    const DataType structure = made[0].type.element();
    const ExprPtr many = named_call(
        "or",
        {named_call("<=", {column(made[2]), long_literal(room)}),
         named_call(">",
                    {item(structure.fields()[1].name.c_str()),
                     named_call("*", {column(made[1]), literal(DataTypeId::kDouble, support)})})});
    Lambda keep{{"item"}, {}, many};
    Lambda pick{{"item"}, {}, item(structure.fields()[0].name.c_str())};
    const ExprPtr kept = named_call("filter", {column(made[0]), make(std::move(keep))});
    const ExprPtr picked = named_call("transform", {kept, make(std::move(pick))});
    Site site;
    site.scope = &total.scope;
    const ExprPtr output = alias(expression(picked, site), name + "_freqItems", ids_.next());
    const RelationPtr row = project({output}, total.plan);
    all = all ? finish(Join{JoinKind::kCross, all, row, nullptr, {}, false}) : row;
    outputs.push_back(column(attribute_of(*output)));
  }
  Scoped result{all ? all : finish(OneRow{}), {}};
  return projected(std::move(outputs), std::move(result));
}

}  // namespace firn::plan
