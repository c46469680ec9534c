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

std::vector<std::string> strings(const auto& list) { return {list.begin(), list.end()}; }

}  // namespace

RelationPtr Translation::fill(const proto::NAFill& given) {
  plan::FillNulls made;
  made.child = relation(given.input());
  made.columns = strings(given.cols());
  for (const auto& value : given.values()) made.values.push_back(literal(value));
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
      made.child = relation(given.crosstab().input());
      made.columns = {given.crosstab().col1(), given.crosstab().col2()};
      break;
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
      made.child = relation(given.transpose().input());
      made.arguments = expressions(given.transpose().index_columns());
      break;
  }
  return plan::make(std::move(made));
}

}  // namespace firn::server::spark_connect
