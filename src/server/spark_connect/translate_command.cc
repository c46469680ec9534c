// Commands of Spark Connect → statements: writes, views, MERGE, SQL with parameters.
#include <algorithm>

#include "server/spark_connect/translate_parts.h"
#include "session/file_format.h"
#include "sql/parser.h"

// Older clients fill fields that newer protocols call deprecated.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace firn::server::spark_connect {
namespace {

using plan::ExprPtr;
using proto::WriteOperation;
using proto::WriteOperationV2;

template <typename Node>
plan::Statement statement(Node node, std::string text) {
  plan::Statement made;
  made.node = std::move(node);
  made.text = std::move(text);
  return made;
}

// partitionBy and partitionedBy: a column, or a transform that was written as text: "days(ts)".
plan::PartitionTransform partition_by_name(const std::string& column) {
  const bool transform = column.find('(') != std::string::npos && column.ends_with(")");
  if (!transform) return {"identity", {}, column};
  return partition_of(sql::parse_expression(column));
}

plan::SaveMode save_mode(WriteOperation::SaveMode mode) {
  switch (mode) {
    case WriteOperation::SAVE_MODE_APPEND:
      return plan::SaveMode::kAppend;
    case WriteOperation::SAVE_MODE_OVERWRITE:
      return plan::SaveMode::kOverwrite;
    case WriteOperation::SAVE_MODE_IGNORE:
      return plan::SaveMode::kIgnore;
    default:
      return plan::SaveMode::kErrorIfExists;
  }
}

plan::WriteMode table_mode(plan::SaveMode mode) {
  switch (mode) {
    case plan::SaveMode::kAppend:
      return plan::WriteMode::kAppend;
    case plan::SaveMode::kOverwrite:
      return plan::WriteMode::kCreateOrReplace;
    case plan::SaveMode::kIgnore:
      return plan::WriteMode::kIgnore;
    default:
      return plan::WriteMode::kCreate;
  }
}

plan::WriteMode write_mode(const WriteOperationV2& given) {
  switch (given.mode()) {
    case WriteOperationV2::MODE_CREATE:
      return plan::WriteMode::kCreate;
    case WriteOperationV2::MODE_OVERWRITE:
      return plan::WriteMode::kOverwrite;
    case WriteOperationV2::MODE_OVERWRITE_PARTITIONS:
      return plan::WriteMode::kOverwritePartitions;
    case WriteOperationV2::MODE_APPEND:
      return plan::WriteMode::kAppend;
    case WriteOperationV2::MODE_REPLACE:
      return plan::WriteMode::kReplace;
    case WriteOperationV2::MODE_CREATE_OR_REPLACE:
      return plan::WriteMode::kCreateOrReplace;
    default:
      throw_unsupported("the write mode " + std::to_string(given.mode()) + " of Spark Connect");
  }
}

plan::MergeAction merge_action(Translation& translation, const proto::Expression& expr,
                               plan::MergeAction::When when) {
  using Kind = plan::MergeAction::Kind;
  const proto::MergeAction& given = expr.merge_action();
  plan::MergeAction made;
  made.when = when;
  switch (given.action_type()) {
    case proto::MergeAction::ACTION_TYPE_DELETE:
      made.kind = Kind::kDelete;
      break;
    case proto::MergeAction::ACTION_TYPE_INSERT:
      made.kind = Kind::kInsert;
      break;
    case proto::MergeAction::ACTION_TYPE_INSERT_STAR:
      made.kind = Kind::kInsertAll;
      break;
    case proto::MergeAction::ACTION_TYPE_UPDATE:
      made.kind = Kind::kUpdate;
      break;
    case proto::MergeAction::ACTION_TYPE_UPDATE_STAR:
      made.kind = Kind::kUpdateAll;
      break;
    default:
      throw_unsupported("a merge action without a type in Spark Connect");
  }
  if (given.has_condition()) made.condition = translation.expression(given.condition());
  for (const auto& assignment : given.assignments()) {
    const ExprPtr key = translation.expression(assignment.key());
    const auto* column = std::get_if<plan::UnresolvedName>(&key->node);
    if (column == nullptr)
      throw Error("FIRN_INVALID_INPUT",
                  {{"what", "MERGE assigns to columns, not to " + plan::to_string(*key) + "."}});
    made.assignments.push_back({column->parts, translation.expression(assignment.value())});
  }
  return made;
}

}  // namespace

template <typename Sql>
plan::Statement Translation::sql(const Sql& given, const std::string& text) {
  sql::ParseOptions options;
  for (const auto& [name, value] : given.args()) options.named[name] = literal(value);
  for (const auto& [name, value] : given.named_arguments()) options.named[name] = expression(value);
  for (const auto& value : given.pos_args()) options.positional.push_back(literal(value));
  for (const auto& value : given.pos_arguments()) options.positional.push_back(expression(value));
  return sql::parse_statement(text, options);
}
template plan::Statement Translation::sql(const proto::SQL&, const std::string&);
template plan::Statement Translation::sql(const proto::SqlCommand&, const std::string&);

plan::Statement Translation::write(const WriteOperation& given) {
  plan::RelationPtr query = relation(given.input());
  const std::string format = lower_case(given.source());
  const plan::SaveMode mode = save_mode(given.mode());
  const bool iceberg_path =
      format == "iceberg" && !given.has_table() && given.path().find('/') == std::string::npos;
  const bool into =
      given.has_table() &&
      given.table().save_method() == WriteOperation::SaveTable::TABLE_SAVE_METHOD_INSERT_INTO;
  if (!given.has_bucket_by() && given.sort_column_names_size() > 0)
    throw Error("SORT_BY_WITHOUT_BUCKETING");
  if (given.has_table() || iceberg_path) {
    plan::WriteTable made;
    made.table = name_parts(given.has_table() ? given.table().table_name() : given.path());
    made.query = std::move(query);
    made.options = options_of(given.options());
    if (into) {
      made.mode = mode == plan::SaveMode::kOverwrite ? plan::WriteMode::kOverwrite
                                                     : plan::WriteMode::kAppend;
      made.by_name = false;
      return statement(std::move(made), "insertInto");
    }
    made.mode = table_mode(mode);
    made.create_if_absent = mode == plan::SaveMode::kAppend && given.has_table();
    if (iceberg_path && mode == plan::SaveMode::kOverwrite)
      made.mode = plan::WriteMode::kOverwrite;  // save("db.t") keeps the table and its properties
    made.definition.provider = format;
    for (const std::string& column : given.partitioning_columns())
      made.definition.partitioned_by.push_back(partition_by_name(column));
    if (given.has_bucket_by()) {
      const auto& buckets = given.bucket_by();
      if (buckets.bucket_column_names_size() != 1 || given.sort_column_names_size() > 0)
        throw_unsupported(
            "bucketBy of a table by several columns, or sorted: a table has buckets "
            "of one column");
      made.definition.partitioned_by.push_back(
          {"bucket", buckets.num_buckets(), buckets.bucket_column_names(0)});
    }
    return statement(std::move(made), given.has_table() ? "saveAsTable" : "save");
  }
  plan::WriteFiles made;
  made.format = format;
  if (made.format.empty())
    made.format = session::default_file_format(surroundings.session().conf());
  made.options = options_of(given.options());
  made.path = given.path().empty() ? option(made.options, "path") : given.path();
  made.mode = mode;
  made.partition_by = strings(given.partitioning_columns());
  made.sort_by = strings(given.sort_column_names());
  if (given.has_bucket_by()) {
    made.bucket_by = strings(given.bucket_by().bucket_column_names());
    made.bucket_count = given.bucket_by().num_buckets();
  }
  made.query = std::move(query);
  return statement(std::move(made), "save");
}

plan::Statement Translation::write_v2(const WriteOperationV2& given) {
  plan::WriteTable made;
  made.query = relation(given.input());
  made.table = name_parts(given.table_name());
  made.mode = write_mode(given);
  if (given.has_overwrite_condition()) made.condition = expression(given.overwrite_condition());
  made.definition.provider = given.provider();
  for (const proto::Expression& column : given.partitioning_columns()) {
    const bool text = column.has_unresolved_attribute();
    made.definition.partitioned_by.push_back(
        text ? partition_by_name(column.unresolved_attribute().unparsed_identifier())
             : partition_of(expression(column)));
  }
  for (const auto& [key, value] : given.table_properties()) made.definition.properties[key] = value;
  made.options = options_of(given.options());
  return statement(std::move(made), "writeTo");
}

plan::Statement Translation::view(const proto::CreateDataFrameViewCommand& given) {
  plan::CreateView made;
  made.name = name_parts(given.name());
  if (made.name.size() > 1)
    throw Error("TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS", {{"actualName", given.name()}});
  if (given.is_global()) made.name.insert(made.name.begin(), "global_temp");
  made.or_replace = given.replace();
  made.temporary = true;
  made.query = relation(given.input());
  return statement(std::move(made), "createTempView");
}

plan::Statement Translation::merge(const proto::MergeIntoTableCommand& given) {
  plan::Merge made;
  made.table = name_parts(given.target_table_name());
  made.source = relation(given.source_table_plan());
  made.condition = expression(given.merge_condition());
  made.with_schema_evolution = given.with_schema_evolution();
  using When = plan::MergeAction::When;
  for (const auto& action : given.match_actions())
    made.actions.push_back(merge_action(*this, action, When::kMatched));
  for (const auto& action : given.not_matched_actions())
    made.actions.push_back(merge_action(*this, action, When::kNotMatched));
  for (const auto& action : given.not_matched_by_source_actions())
    made.actions.push_back(merge_action(*this, action, When::kNotMatchedBySource));
  return statement(std::move(made), "mergeInto");
}

std::optional<plan::Statement> Translation::command(const proto::Command& given) {
  using Case = proto::Command::CommandTypeCase;
  switch (given.command_type_case()) {
    case Case::kWriteOperation:
      return write(given.write_operation());
    case Case::kWriteOperationV2:
      return write_v2(given.write_operation_v2());
    case Case::kCreateDataframeView:
      return view(given.create_dataframe_view());
    case Case::kMergeIntoTableCommand:
      return merge(given.merge_into_table_command());
    case Case::kSqlCommand: {
      const proto::SqlCommand& command = given.sql_command();
      if (!command.has_input()) return sql(command, command.sql());
      const proto::Relation& input = command.input();
      if (input.has_sql()) return sql(input.sql(), input.sql().query());
      // Named DataFrames ({df} in the text) stand beside the text.
      if (input.has_with_relations() && input.with_relations().root().has_sql()) {
        const proto::SQL& text = input.with_relations().root().sql();
        for (const proto::Relation& reference : input.with_relations().references())
          if (reference.has_common() && reference.common().has_plan_id())
            references[reference.common().plan_id()] = &reference;
        plan::Statement made = sql(text, text.query());
        auto* query = std::get_if<plan::Query>(&made.node);
        if (query == nullptr) return made;
        query->relation = relation(input);
        return made;
      }
      return statement(plan::Query{relation(input)}, "sql");
    }
    case Case::kExecuteExternalCommand:
    case Case::kGetResourcesCommand:
    case Case::kCreateResourceProfileCommand:
    case Case::kMlCommand:
    case Case::kExtension:
      refuse("the command", given, "command_type");
    default:  // streams, registrations, checkpoints: the session's own
      return std::nullopt;
  }
}

std::optional<plan::Statement> command(const proto::Command& given,
                                       TranslateSurroundings& surroundings) {
  return Translation(surroundings).command(given);
}

}  // namespace firn::server::spark_connect
