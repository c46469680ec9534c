// The translation's parts, shared by the files translate_*.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "base/error.h"
#include "plan/build.h"
#include "server/spark_connect/translate.h"
#include "session/session.h"
#include "spark/connect/commands.pb.h"
#include "spark/connect/relations.pb.h"

namespace firn::server::spark_connect {

namespace proto = ::spark::connect;

// One message being translated, with the relations that it names by plan id (WithRelations).
class Translation {
 public:
  explicit Translation(TranslateSurroundings& s) : surroundings(s) {}

  plan::RelationPtr relation(const proto::Relation&);
  plan::ExprPtr expression(const proto::Expression&);
  std::optional<plan::Statement> command(const proto::Command&);
  std::vector<plan::ExprPtr> expressions(const auto& list) {
    std::vector<plan::ExprPtr> made;
    for (const proto::Expression& item : list) made.push_back(expression(item));
    return made;
  }
  plan::SortKey sort_key(const proto::Expression::SortOrder&);

  // ---- translate_relation.cc
  plan::RelationPtr node_of(const proto::Relation&);
  plan::RelationPtr aggregate(const proto::Aggregate&);
  plan::RelationPtr join(const proto::Join&);
  plan::RelationPtr lateral_join(const proto::LateralJoin&);
  plan::RelationPtr set_operation(const proto::SetOperation&);
  plan::RelationPtr deduplicate(const proto::Deduplicate&);
  plan::RelationPtr with_columns(const proto::WithColumns&);
  plan::RelationPtr drop(const proto::Drop&);
  plan::RelationPtr unpivot(const proto::Unpivot&);
  plan::RelationPtr parsed(const proto::Parse&);
  plan::RelationPtr with_relations(const proto::WithRelations&);
  plan::RelationPtr local(const proto::LocalRelation&);

  // ---- translate_statistic.cc: na.*, stat.*, samples
  plan::RelationPtr fill(const proto::NAFill&);
  plan::RelationPtr drop_nulls(const proto::NADrop&);
  plan::RelationPtr replace(const proto::NAReplace&);
  plan::RelationPtr sample(const proto::Sample&);
  plan::RelationPtr statistic(const proto::Relation&);
  plan::RelationPtr crosstab(const proto::StatCrosstab&);
  plan::RelationPtr transpose(const proto::Transpose&);

  // ---- translate_values.cc: asked while the message is translated, as their values name columns
  // The constants of a relation of one column, at most `most` of them (FIRN_INVALID_INPUT beyond).
  std::vector<plan::ExprPtr> values_of(plan::RelationPtr, size_t most, const char* what);
  // The distinct values in order, NULL first.
  std::vector<plan::ExprPtr> distinct_values(const plan::ExprPtr&, plan::RelationPtr child);

  // ---- translate_read.cc
  plan::RelationPtr read(const proto::Read&);

  // ---- translate_show.cc: these run what they show
  plan::RelationPtr show_string(const proto::ShowString&);
  plan::RelationPtr html_string(const proto::HtmlString&);

  // ---- translate_catalog*.cc: asked while the message is translated
  plan::RelationPtr catalog(const proto::Catalog&);

  // ---- translate_expression.cc
  plan::ExprPtr call(const proto::Expression::UnresolvedFunction&);
  plan::ExprPtr named_call(std::string name, std::vector<plan::ExprPtr> arguments, bool distinct);
  plan::ExprPtr windowed(const proto::Expression::Window&);
  plan::ExprPtr cast(const proto::Expression::Cast&);
  plan::ExprPtr alias(const proto::Expression::Alias&);
  plan::ExprPtr lambda(const proto::Expression::LambdaFunction&);
  plan::ExprPtr subquery(const proto::SubqueryExpression&);
  plan::ExprPtr sql_text(const std::string& text);

  // ---- translate_python.cc
  plan::ExprPtr python_call(const proto::CommonInlineUserDefinedFunction&);
  plan::RelationPtr map_partitions(const proto::MapPartitions&);
  plan::RelationPtr group_map(const proto::GroupMap&);
  plan::RelationPtr cogroup_map(const proto::CoGroupMap&);
  plan::RelationPtr table_function(const proto::CommonInlineUserDefinedTableFunction&);
  plan::ExprPtr table_argument(const proto::SubqueryExpression&);

  // ---- translate_command.cc
  plan::Statement write(const proto::WriteOperation&);
  plan::Statement write_v2(const proto::WriteOperationV2&);
  plan::Statement view(const proto::CreateDataFrameViewCommand&);
  plan::Statement merge(const proto::MergeIntoTableCommand&);
  // SQL text with its parameters, of the command and of the relation alike.
  template <typename Sql>
  plan::Statement sql(const Sql&, const std::string& text);

  TranslateSurroundings& surroundings;
  std::map<int64_t, const proto::Relation*> references;
  int depth = 0;
};

plan::ExprPtr literal(const proto::Expression::Literal&);  // translate_literal.cc
types::DataType type_of(const proto::Expression::Literal&);

// ---- translate_names.cc
// "a.`b.c`" → {a, b.c}. Throws INVALID_ATTRIBUTE_NAME_SYNTAX.
std::vector<std::string> name_parts(std::string_view text);
// Case-insensitive; "" where the key is not there.
std::string option(const plan::Options&, std::string_view key);
plan::Options options_of(const auto& map) {
  plan::Options options(map.begin(), map.end());
  std::sort(options.begin(), options.end());  // protobuf's maps have no order
  return options;
}
// The set case of a oneof, by its name in the protocol.
std::string case_name(const google::protobuf::Message&, const char* oneof);
[[noreturn]] void refuse(const char* what, const google::protobuf::Message&, const char* oneof);

// "days(ts)", bucket(16, id) or a column as a partition field.
plan::PartitionTransform partition_of(const plan::ExprPtr&);

// A repeated field of strings.
inline std::vector<std::string> strings(const auto& list) { return {list.begin(), list.end()}; }

}  // namespace firn::server::spark_connect
