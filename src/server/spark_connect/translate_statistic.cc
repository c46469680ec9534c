// Spark Connect's relations of DataFrame.na, DataFrame.stat and samples.
#include "server/spark_connect/translate_parts.h"

namespace firn::server::spark_connect {
namespace {

using plan::ExprPtr;
using plan::RelationPtr;

ExprPtr text(const std::string& value) {
  return plan::make(plan::Literal{types::DataTypeId::kString, value});
}
ExprPtr number(double value) {
  return plan::make(plan::Literal{types::DataTypeId::kDouble, value});
}

}  // namespace

RelationPtr Translation::fill(const proto::NAFill& given) {
  plan::FillNulls made;
  made.child = relation(given.input());
  made.columns = strings(given.cols());
  for (const auto& value : given.values()) made.values.push_back(literal(value));
  for (const ExprPtr& value : made.values)
    if (plan::as_literal(*value) == nullptr) throw_invalid("na.fill takes constants.");
  if (made.values.empty() || (made.values.size() > 1 && made.values.size() != made.columns.size()))
    throw_invalid("na.fill takes one value, or one for each column: there are " +
                  std::to_string(made.values.size()) + " for " +
                  std::to_string(made.columns.size()) + " columns.");
  return plan::make(std::move(made));
}

RelationPtr Translation::drop_nulls(const proto::NADrop& given) {
  plan::DropNulls made;
  made.child = relation(given.input());
  made.columns = strings(given.cols());
  if (given.has_min_non_nulls()) made.min_non_nulls = given.min_non_nulls();
  return plan::make(std::move(made));
}

RelationPtr Translation::replace(const proto::NAReplace& given) {
  plan::ReplaceValues made;
  made.child = relation(given.input());
  made.columns = strings(given.cols());
  for (const auto& item : given.replacements())
    made.values.emplace_back(literal(item.old_value()), literal(item.new_value()));
  for (const auto& [before, after] : made.values)
    if (plan::as_literal(*before) == nullptr || plan::as_literal(*after) == nullptr)
      throw_invalid("na.replace takes constants.");
  return plan::make(std::move(made));
}

RelationPtr Translation::sample(const proto::Sample& given) {
  plan::Sample made;
  made.child = relation(given.input());
  made.lower = given.lower_bound();
  made.upper = given.upper_bound();
  made.with_replacement = given.with_replacement();
  made.seed = given.has_seed()
                  ? given.seed()
                  : static_cast<int64_t>(surroundings.session().process().random.next() >> 1);
  return plan::make(std::move(made));
}

// Counts by the pairs of values: the second column's values name the columns.
RelationPtr Translation::crosstab(const proto::StatCrosstab& given) {
  const RelationPtr child = relation(given.input());
  const auto column = [](const std::string& name) {
    return plan::make(plan::UnresolvedName{{name}, {}});
  };
  const auto shown = [&](const std::string& name) {
    ExprPtr as_text = plan::make(plan::Cast{column(name), types::DataTypeId::kString});
    return named_call("coalesce", {std::move(as_text), text("null")}, false);
  };
  plan::Pivot pivot;
  pivot.keys = {plan::make(plan::Alias{shown(given.col1()), given.col1() + "_" + given.col2()})};
  pivot.column = shown(given.col2());
  pivot.aggregates = {named_call(
      "count", {plan::make(plan::Literal{types::DataTypeId::kInteger, int64_t{1}})}, false)};
  pivot.values = distinct_values(pivot.column, child);
  pivot.child = child;
  plan::FillNulls made;
  made.values = {plan::make(plan::Literal{types::DataTypeId::kLong, int64_t{0}})};
  made.child = plan::make(std::move(pivot));
  return plan::make(std::move(made));
}

// Rows become columns, named by the index column's values in order; a row for each other column.
RelationPtr Translation::transpose(const proto::Transpose& given) {
  constexpr size_t kMostRows = 500;  // spark.sql.transposeMaxValues
  const RelationPtr child = relation(given.input());
  const std::vector<plan::Attribute> columns = surroundings.session().resolve(child)->output;
  if (given.index_columns_size() > 1)
    throw Error("TRANSPOSE_INVALID_INDEX_COLUMN", {{"reason", "Only one index column is allowed"}});
  if (columns.empty()) return child;
  const auto column = [](const std::string& name) {
    return plan::make(plan::UnresolvedName{{name}, {}});
  };
  const ExprPtr index = given.index_columns_size() == 1 ? expression(given.index_columns(0))
                                                        : column(columns[0].name);
  const auto* named = std::get_if<plan::UnresolvedName>(&index->node);
  if (named == nullptr)
    throw Error("TRANSPOSE_INVALID_INDEX_COLUMN",
                {{"reason", "Index column must be an atomic attribute"}});
  const RelationPtr rows = plan::make(plan::Filter{named_call("isnotnull", {index}, false), child});
  const RelationPtr ordered = plan::make(plan::Sort{{{index, true, true}}, rows});
  const std::vector<ExprPtr> names =
      values_of(plan::make(plan::Project{
                    {plan::make(plan::Cast{index, types::DataTypeId::kString})}, ordered}),
                kMostRows, "rows of transpose");
  // The n-th value of a column in the index's order.
  const auto nth = [&](const std::string& name, size_t n) {
    ExprPtr pair = named_call(
        "struct", {plan::make(plan::Alias{index, "i"}), plan::make(plan::Alias{column(name), "v"})},
        false);
    ExprPtr sorted =
        named_call("sort_array", {named_call("collect_list", {std::move(pair)}, false)}, false);
    ExprPtr item = plan::make(plan::UnresolvedExtract{
        std::move(sorted),
        plan::make(plan::Literal{types::DataTypeId::kInteger, static_cast<int64_t>(n)})});
    return plan::make(plan::UnresolvedExtract{std::move(item), text("v")});
  };
  std::vector<RelationPtr> sides;
  for (const plan::Attribute& attribute : columns) {
    if (lower_case(attribute.name) == lower_case(named->parts.back())) continue;
    std::vector<ExprPtr> list{plan::make(plan::Alias{text(attribute.name), "key"})};
    for (size_t n = 0; n < names.size(); ++n)
      list.push_back(plan::make(plan::Alias{
          nth(attribute.name, n), std::get<std::string>(plan::as_literal(*names[n])->value)}));
    sides.push_back(plan::make(plan::Project{std::move(list), rows}));
  }
  if (sides.empty())
    return plan::make(
        plan::Limit{plan::make(plan::Literal{types::DataTypeId::kInteger, int64_t{0}}), nullptr,
                    plan::make(plan::Project{{plan::make(plan::Alias{text(""), "key"})}, child})});
  if (sides.size() == 1) return sides[0];
  plan::SetOperation made;
  made.kind = plan::SetKind::kUnion;
  made.all = true;
  made.children = std::move(sides);
  return plan::make(std::move(made));
}

RelationPtr Translation::statistic(const proto::Relation& given) {
  plan::Statistic made;
  made.name = case_name(given, "rel_type");
  switch (given.rel_type_case()) {
    case proto::Relation::kSummary:
      made.child = relation(given.summary().input());
      for (const std::string& item : given.summary().statistics())
        made.arguments.push_back(text(item));
      break;
    case proto::Relation::kDescribe:
      made.child = relation(given.describe().input());
      made.columns = strings(given.describe().cols());
      break;
    case proto::Relation::kCrosstab:
      return crosstab(given.crosstab());
    case proto::Relation::kTranspose:
      return transpose(given.transpose());
    case proto::Relation::kCov:
      made.child = relation(given.cov().input());
      made.columns = {given.cov().col1(), given.cov().col2()};
      break;
    case proto::Relation::kCorr:
      made.child = relation(given.corr().input());
      made.columns = {given.corr().col1(), given.corr().col2()};
      made.arguments = {text(given.corr().has_method() ? given.corr().method() : "pearson")};
      break;
    case proto::Relation::kApproxQuantile:
      made.name = "approxQuantile";
      made.child = relation(given.approx_quantile().input());
      made.columns = strings(given.approx_quantile().cols());
      made.arguments = {number(given.approx_quantile().relative_error())};
      for (const double share : given.approx_quantile().probabilities())
        made.arguments.push_back(number(share));
      break;
    case proto::Relation::kFreqItems:
      made.name = "freqItems";
      made.child = relation(given.freq_items().input());
      made.columns = strings(given.freq_items().cols());
      made.arguments = {
          number(given.freq_items().has_support() ? given.freq_items().support() : 0.01)};
      break;
    case proto::Relation::kSampleBy: {
      const auto& by = given.sample_by();
      made.name = "sampleBy";
      made.child = relation(by.input());
      const int64_t seed =
          by.has_seed() ? by.seed()
                        : static_cast<int64_t>(surroundings.session().process().random.next() >> 1);
      made.arguments = {expression(by.col()),
                        plan::make(plan::Literal{types::DataTypeId::kLong, seed})};
      for (const auto& fraction : by.fractions()) {
        made.arguments.push_back(literal(fraction.stratum()));
        made.arguments.push_back(number(fraction.fraction()));
      }
      break;
    }
    default:
      refuse("the relation", given, "rel_type");
  }
  return plan::make(std::move(made));
}

}  // namespace firn::server::spark_connect
