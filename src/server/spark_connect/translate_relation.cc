// Relations of Spark Connect → relations of the plan; each carries the plan id that columns name.
#include <algorithm>

#include "server/spark_connect/translate_parts.h"
#include "sql/parser.h"

// Older clients fill fields that newer protocols call deprecated.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace firn::server::spark_connect {
namespace {

using plan::ExprPtr;
using plan::RelationPtr;
using RelationCase = proto::Relation::RelTypeCase;

constexpr int kMaxDepth = 1000;

struct Depth {
  int& depth;
  explicit Depth(int& d) : depth(d) {
    if (++depth <= kMaxDepth) return;
    --depth;
    throw Error("FIRN_RESOURCE",
                {{"what", "The DataFrame stands on more than " + std::to_string(kMaxDepth) +
                              " operations. Split it with temporary views or tables."}});
  }
  ~Depth() { --depth; }
};

ExprPtr name(std::vector<std::string> parts) {
  return plan::make(plan::UnresolvedName{std::move(parts), {}});
}

ExprPtr count_of(int64_t rows) {
  return plan::make(plan::Literal{types::DataTypeId::kInteger, rows});
}

plan::JoinKind join_kind(proto::Join::JoinType type) {
  switch (type) {
    case proto::Join::JOIN_TYPE_FULL_OUTER:
      return plan::JoinKind::kFull;
    case proto::Join::JOIN_TYPE_LEFT_OUTER:
      return plan::JoinKind::kLeft;
    case proto::Join::JOIN_TYPE_RIGHT_OUTER:
      return plan::JoinKind::kRight;
    case proto::Join::JOIN_TYPE_LEFT_ANTI:
      return plan::JoinKind::kLeftAnti;
    case proto::Join::JOIN_TYPE_LEFT_SEMI:
      return plan::JoinKind::kLeftSemi;
    case proto::Join::JOIN_TYPE_CROSS:
      return plan::JoinKind::kCross;
    default:
      return plan::JoinKind::kInner;
  }
}

// "10 minutes" in µs, as an interval in SQL says it.
int64_t delay_of(const std::string& text) {
  const ExprPtr interval = sql::parse_expression("INTERVAL '" + text + "'");
  const plan::Literal* constant = plan::as_literal(*interval);
  if (constant != nullptr && constant->type.id() == types::DataTypeId::kDayTimeInterval)
    if (const auto* micros = std::get_if<int64_t>(&constant->value)) return *micros;
  throw Error(
      "FIRN_INVALID_INPUT",
      {{"what", "The delay of a watermark is a time like '10 minutes', not '" + text + "'."}});
}

}  // namespace

RelationPtr Translation::relation(const proto::Relation& given) {
  const Depth guard(depth);
  RelationPtr made = node_of(given);
  if (!given.has_common() || !given.common().has_plan_id()) return made;
  auto tagged = std::const_pointer_cast<plan::Relation>(plan::make(made->node, made->origin));
  tagged->output = made->output;
  tagged->resolved = made->resolved;
  tagged->streaming = made->streaming;
  tagged->plan_id = given.common().plan_id();
  return tagged;
}

RelationPtr Translation::node_of(const proto::Relation& given) {
  switch (given.rel_type_case()) {
    case RelationCase::kRead:
      return read(given.read());
    case RelationCase::kProject: {
      const auto& project = given.project();
      RelationPtr child =
          project.has_input() ? relation(project.input()) : plan::make(plan::OneRow{});
      return plan::make(plan::Project{expressions(project.expressions()), std::move(child)});
    }
    case RelationCase::kFilter: {
      RelationPtr child = relation(given.filter().input());
      return plan::make(plan::Filter{expression(given.filter().condition()), std::move(child)});
    }
    case RelationCase::kJoin:
      return join(given.join());
    case RelationCase::kLateralJoin:
      return lateral_join(given.lateral_join());
    case RelationCase::kSetOp:
      return set_operation(given.set_op());
    case RelationCase::kSort: {
      plan::Sort made;
      made.child = relation(given.sort().input());
      for (const auto& key : given.sort().order()) made.keys.push_back(sort_key(key));
      return plan::make(std::move(made));
    }
    case RelationCase::kLimit:
      return plan::make(
          plan::Limit{count_of(given.limit().limit()), nullptr, relation(given.limit().input())});
    case RelationCase::kOffset:
      return plan::make(plan::Limit{nullptr, count_of(given.offset().offset()),
                                    relation(given.offset().input())});
    case RelationCase::kTail:
      return plan::make(plan::Tail{given.tail().limit(), relation(given.tail().input())});
    case RelationCase::kAggregate:
      return aggregate(given.aggregate());
    case RelationCase::kSql: {
      const plan::Statement statement = sql(given.sql(), given.sql().query());
      if (const auto* query = std::get_if<plan::Query>(&statement.node)) return query->relation;
      throw_unsupported("a statement that is no query as a relation of Spark Connect: " +
                        statement.text.substr(0, 80));
    }
    case RelationCase::kLocalRelation:
      return local(given.local_relation());
    case RelationCase::kCachedLocalRelation:
      return surroundings.cached_local(given.cached_local_relation().hash());
    case RelationCase::kChunkedCachedLocalRelation: {
      const auto& chunked = given.chunked_cached_local_relation();
      std::optional<std::string> schema;
      if (chunked.has_schemahash()) schema = chunked.schemahash();
      return surroundings.cached_local_chunks(
          {chunked.datahashes().begin(), chunked.datahashes().end()}, schema);
    }
    case RelationCase::kCachedRemoteRelation:
      return surroundings.cached_remote(given.cached_remote_relation().relation_id());
    case RelationCase::kSample:
      return sample(given.sample());
    case RelationCase::kDeduplicate:
      return deduplicate(given.deduplicate());
    case RelationCase::kRange:
      return plan::make(plan::Range{given.range().start(), given.range().end(),
                                    given.range().step() == 0 ? 1 : given.range().step()});
    case RelationCase::kSubqueryAlias:
      return plan::make(plan::SubqueryAlias{
          given.subquery_alias().alias(), {}, relation(given.subquery_alias().input())});
    case RelationCase::kRepartition:
      return plan::make(plan::Hint{"repartition",
                                   {count_of(given.repartition().num_partitions())},
                                   relation(given.repartition().input())});
    case RelationCase::kRepartitionByExpression: {
      const auto& by = given.repartition_by_expression();
      std::vector<ExprPtr> keys;
      for (const proto::Expression& key : by.partition_exprs())
        keys.push_back(key.has_sort_order() ? expression(key.sort_order().child())
                                            : expression(key));
      return plan::make(plan::Hint{"repartition", std::move(keys), relation(by.input())});
    }
    case RelationCase::kHint: {
      const auto& hint = given.hint();
      return plan::make(
          plan::Hint{hint.name(), expressions(hint.parameters()), relation(hint.input())});
    }
    case RelationCase::kToDf: {
      const auto& names = given.to_df().column_names();
      return plan::make(
          plan::NameColumns{{names.begin(), names.end()}, relation(given.to_df().input())});
    }
    case RelationCase::kWithColumnsRenamed: {
      plan::RenameColumns made;
      const auto& renamed = given.with_columns_renamed();
      for (const auto& item : renamed.renames())
        made.names.emplace_back(item.col_name(), item.new_col_name());
      if (made.names.empty()) {  // older clients
        made.names.assign(renamed.rename_columns_map().begin(), renamed.rename_columns_map().end());
        std::sort(made.names.begin(), made.names.end());
      }
      made.child = relation(renamed.input());
      return plan::make(std::move(made));
    }
    case RelationCase::kWithColumns:
      return with_columns(given.with_columns());
    case RelationCase::kDrop:
      return drop(given.drop());
    case RelationCase::kToSchema: {
      types::DataType schema = data_type(given.to_schema().schema());
      if (schema.id() != types::DataTypeId::kStruct)
        throw_invalid("DataFrame.to() takes a struct, not " + schema.simple_string() + ".");
      return plan::make(plan::ToSchema{std::move(schema), relation(given.to_schema().input())});
    }
    case RelationCase::kUnpivot:
      return unpivot(given.unpivot());
    case RelationCase::kWithWatermark: {
      const auto& watermark = given.with_watermark();
      return plan::make(plan::Watermark{name(name_parts(watermark.event_time())), "",
                                        delay_of(watermark.delay_threshold()),
                                        relation(watermark.input())});
    }
    case RelationCase::kParse:
      return parsed(given.parse());
    case RelationCase::kWithRelations:
      return with_relations(given.with_relations());
    case RelationCase::kUnresolvedTableValuedFunction: {
      const auto& function = given.unresolved_table_valued_function();
      return plan::make(plan::UnresolvedTableFunction{
          function.function_name(), expressions(function.arguments()), {}, false});
    }
    case RelationCase::kShowString:
      return show_string(given.show_string());
    case RelationCase::kHtmlString:
      return html_string(given.html_string());
    case RelationCase::kCatalog:
      return catalog(given.catalog());
    case RelationCase::kMapPartitions:
      return map_partitions(given.map_partitions());
    case RelationCase::kGroupMap:
      return group_map(given.group_map());
    case RelationCase::kCoGroupMap:
      return cogroup_map(given.co_group_map());
    case RelationCase::kCommonInlineUserDefinedTableFunction:
      return table_function(given.common_inline_user_defined_table_function());
    case RelationCase::kApplyInPandasWithState:
      throw_unsupported(
          "apply_in_pandas_with_state: applyInPandasWithState, state that a Python function keeps");
    case RelationCase::kFillNa:
      return fill(given.fill_na());
    case RelationCase::kDropNa:
      return drop_nulls(given.drop_na());
    case RelationCase::kReplace:
      return replace(given.replace());
    case RelationCase::kSummary:
    case RelationCase::kDescribe:
    case RelationCase::kCrosstab:
    case RelationCase::kCov:
    case RelationCase::kCorr:
    case RelationCase::kApproxQuantile:
    case RelationCase::kFreqItems:
    case RelationCase::kSampleBy:
    case RelationCase::kTranspose:
      return statistic(given);
    default:
      refuse("the relation", given, "rel_type");
  }
}

RelationPtr Translation::local(const proto::LocalRelation& given) {
  std::optional<types::DataType> schema;
  if (given.has_schema() && !given.schema().empty()) {
    schema = sql::parse_schema(given.schema());
    if (schema->id() != types::DataTypeId::kStruct)
      throw_invalid("The schema of a local relation is no struct: " + schema->simple_string());
  }
  if (given.has_data()) return surroundings.local_rows(given.data(), schema);
  if (!schema)
    throw Error("FIRN_INVALID_INPUT",
                {{"what", "A local relation has neither rows nor a schema."}});
  plan::Rows rows;
  for (const types::StructField& field : schema->fields())
    rows.columns.push_back(
        {surroundings.session().ids().next(), field.name, field.type, field.nullable, {}});
  return plan::finish(std::move(rows));
}

RelationPtr Translation::aggregate(const proto::Aggregate& given) {
  RelationPtr child = relation(given.input());
  std::vector<ExprPtr> keys = expressions(given.grouping_expressions());
  std::vector<ExprPtr> made = expressions(given.aggregate_expressions());
  if (given.group_type() == proto::Aggregate::GROUP_TYPE_PIVOT) {
    plan::Pivot pivot;
    pivot.keys = std::move(keys);
    pivot.aggregates = std::move(made);
    pivot.column = expression(given.pivot().col());
    for (const auto& value : given.pivot().values()) pivot.values.push_back(literal(value));
    if (pivot.values.empty()) pivot.values = distinct_values(pivot.column, child);
    pivot.child = std::move(child);
    return plan::make(std::move(pivot));
  }
  std::vector<ExprPtr> outputs = keys;
  outputs.insert(outputs.end(), made.begin(), made.end());
  const auto call = [](std::string function, std::vector<ExprPtr> arguments) {
    plan::UnresolvedCall node;
    node.name = std::move(function);
    node.arguments = std::move(arguments);
    return plan::make(std::move(node));
  };
  switch (given.group_type()) {
    case proto::Aggregate::GROUP_TYPE_ROLLUP:
      keys = {call("rollup", std::move(keys))};
      break;
    case proto::Aggregate::GROUP_TYPE_CUBE:
      keys = {call("cube", std::move(keys))};
      break;
    case proto::Aggregate::GROUP_TYPE_GROUPING_SETS: {
      std::vector<ExprPtr> sets;
      for (const auto& set : given.grouping_sets())
        sets.push_back(call("struct", expressions(set.grouping_set())));
      keys = {call("grouping sets", std::move(sets))};
      break;
    }
    default:
      break;
  }
  if (keys.empty()) return plan::make(plan::Project{std::move(outputs), std::move(child)});
  return plan::make(plan::Aggregate{std::move(keys), std::move(outputs), std::move(child)});
}

RelationPtr Translation::join(const proto::Join& given) {
  if (given.has_join_data_type()) throw_unsupported("joinWith (join_data_type) of Spark Connect");
  plan::Join made;
  made.kind = join_kind(given.join_type());
  made.left = relation(given.left());
  made.right = relation(given.right());
  if (given.has_join_condition()) made.condition = expression(given.join_condition());
  made.using_columns.assign(given.using_columns().begin(), given.using_columns().end());
  return plan::make(std::move(made));
}

RelationPtr Translation::lateral_join(const proto::LateralJoin& given) {
  plan::Join made;
  made.kind = join_kind(given.join_type());
  made.left = relation(given.left());
  made.right = plan::make(plan::Lateral{relation(given.right())});
  if (given.has_join_condition()) made.condition = expression(given.join_condition());
  return plan::make(std::move(made));
}

RelationPtr Translation::set_operation(const proto::SetOperation& given) {
  plan::SetOperation made;
  switch (given.set_op_type()) {
    case proto::SetOperation::SET_OP_TYPE_INTERSECT:
      made.kind = plan::SetKind::kIntersect;
      break;
    case proto::SetOperation::SET_OP_TYPE_EXCEPT:
      made.kind = plan::SetKind::kExcept;
      break;
    default:
      made.kind = plan::SetKind::kUnion;
      break;
  }
  made.all = given.is_all();
  made.by_name = given.by_name();
  made.allow_missing = given.allow_missing_columns();
  RelationPtr left = relation(given.left_input());
  const auto* chain = std::get_if<plan::SetOperation>(&left->node);
  const bool joins = made.kind == plan::SetKind::kUnion && made.all && !made.by_name &&
                     chain != nullptr && chain->kind == plan::SetKind::kUnion && chain->all &&
                     !chain->by_name;
  if (joins)  // union().union()…: one flat operation
    made.children = chain->children;
  else
    made.children = {std::move(left)};
  made.children.push_back(relation(given.right_input()));
  return plan::make(std::move(made));
}

RelationPtr Translation::deduplicate(const proto::Deduplicate& given) {
  plan::Deduplicate made;
  made.within_watermark = given.within_watermark();
  if (given.all_columns_as_keys() || given.column_names().empty())
    made.keys.push_back(plan::make(plan::UnresolvedStar{}));
  else
    for (const std::string& column : given.column_names()) made.keys.push_back(name({column}));
  made.child = relation(given.input());
  return plan::make(std::move(made));
}

RelationPtr Translation::with_columns(const proto::WithColumns& given) {
  plan::WithColumns made;
  made.child = relation(given.input());
  for (const auto& column : given.aliases()) {
    if (column.name_size() != 1)
      throw Error("FIRN_INVALID_INPUT",
                  {{"what",
                    "withColumns gives each column one name; select takes generators with "
                    "several."}});
    made.columns.push_back(alias(column));
  }
  return plan::make(std::move(made));
}

RelationPtr Translation::drop(const proto::Drop& given) {
  plan::DropColumns made;
  made.child = relation(given.input());
  made.columns = expressions(given.columns());
  for (const std::string& column : given.column_names())
    made.columns.push_back(plan::string_literal(column));
  return plan::make(std::move(made));
}

RelationPtr Translation::unpivot(const proto::Unpivot& given) {
  plan::Unpivot made;
  made.child = relation(given.input());
  made.ids = expressions(given.ids());
  if (given.has_values()) made.values = expressions(given.values().values());
  if (made.values) made.aliases.resize(made.values->size());
  made.variable_name = given.variable_column_name();
  made.value_names = {given.value_column_name()};
  return plan::make(std::move(made));
}

// spark.read.json(rows of text), spark.read.csv(rows of text) with a schema.
RelationPtr Translation::parsed(const proto::Parse& given) {
  const bool json = given.format() == proto::Parse::PARSE_FORMAT_JSON;
  if (!given.has_schema())
    throw_unsupported(std::string("reading ") + (json ? "JSON" : "CSV") +
                      " out of a DataFrame without a schema; give schema(…)");
  RelationPtr child = relation(given.input());
  child = plan::make(plan::NameColumns{{"value"}, std::move(child)});
  const types::DataType schema = data_type(given.schema());
  std::vector<ExprPtr> arguments{
      name({"value"}), plan::make(plan::Literal{types::DataTypeId::kString, schema.json()})};
  const plan::Options options = options_of(given.options());
  if (!options.empty()) {
    std::vector<ExprPtr> pairs;
    for (const auto& [key, value] : options) {
      pairs.push_back(plan::make(plan::Literal{types::DataTypeId::kString, key}));
      pairs.push_back(plan::make(plan::Literal{types::DataTypeId::kString, value}));
    }
    arguments.push_back(named_call("map", std::move(pairs), false));
  }
  ExprPtr value = named_call(json ? "from_json" : "from_csv", std::move(arguments), false);
  child = plan::make(
      plan::Project{{plan::make(plan::Alias{std::move(value), "row"})}, std::move(child)});
  plan::UnresolvedStar fields;
  fields.qualifier = {"row"};
  return plan::make(plan::Project{{plan::make(std::move(fields))}, std::move(child)});
}

// The root's subqueries name the references by plan id, its SQL text by their aliases.
RelationPtr Translation::with_relations(const proto::WithRelations& given) {
  plan::With made;
  for (const proto::Relation& reference : given.references()) {
    if (reference.has_common() && reference.common().has_plan_id())
      references[reference.common().plan_id()] = &reference;
    if (!reference.has_subquery_alias()) continue;
    made.definitions.push_back(
        {reference.subquery_alias().alias(), relation(reference.subquery_alias().input()), {}});
  }
  made.child = relation(given.root());
  return made.definitions.empty() ? made.child : plan::make(std::move(made));
}

RelationPtr relation(const proto::Relation& given, TranslateSurroundings& surroundings) {
  return Translation(surroundings).relation(given);
}

}  // namespace firn::server::spark_connect
