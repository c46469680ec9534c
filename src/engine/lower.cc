// Relations → QueryNode and TableRef. Filters, projections, aggregates, sorts and limits that may
// share one SELECT do.
#include "engine/lower.h"

#include <algorithm>
#include <utility>

#include "engine/duck_types.h"
#include "engine/kernel_functions.h"
#include "engine/lower_functions.h"
#include "engine/store_file_system.h"
#include "engine/table_functions.h"
#include "engine/table_source.h"
#include "plan/build.h"

namespace firn::engine {
namespace {

using duckdb::make_uniq;
using TableRefPtr = duckdb::unique_ptr<duckdb::TableRef>;
using plan::Attribute;
using plan::ExprPtr;
using plan::Relation;

// One SELECT under construction, or a set operation. Its columns are named c<id>.
struct Block {
  duckdb::unique_ptr<duckdb::SelectNode> select = make_uniq<duckdb::SelectNode>();
  std::vector<ExprPtr> filters;  // WHERE, lowered when the block is closed
  bool selected = false;         // the select list is set; before that the columns are FROM's
  bool ordered = false, limited = false;

  bool is_bare() const { return !selected && !ordered && !limited && filters.empty(); }
};

class RelationLowering {
 public:
  explicit RelationLowering(LoweringContext& context) : context_(context) {}

  duckdb::unique_ptr<duckdb::SelectStatement> query(const Relation& relation) {
    return close(lower(relation), relation.output);
  }

 private:
  Block lower(const Relation& relation) {
    const DepthGuard guard(context_);
    return std::visit([&](const auto& node) { return lower_node(node, relation); }, relation.node);
  }

  // ---- Leaves
  Block from(TableRefPtr table) {
    Block block;
    block.select->from_table = std::move(table);
    return block;
  }
  TableRefPtr source_function(const char* name, const Relation& relation) {
    const uint64_t index = context_.state.sources.size();
    // Shares nothing with the tree but its own node: prepared plans keep it.
    context_.state.sources.push_back(std::make_shared<Relation>(relation));
    auto table = make_uniq<duckdb::TableFunctionRef>();
    table->function = function(name, list_of(constant(duckdb::Value::UBIGINT(index))));
    table->alias = next_alias();
    return table;
  }
  Block lower_node(const plan::Slot&, const Relation& relation) {
    return from(source_function(kSlotFunction, relation));
  }
  Block lower_node(const plan::CachedRows&, const Relation& relation) {
    return from(source_function(kRowSetFunction, relation));
  }
  Block lower_node(const plan::TableScan& scan, const Relation& relation) {
    Block block = from(source_function(kIcebergScanFunction, relation));
    const auto is_virtual = [](const plan::ScanColumn& column) {
      return column.field_id >= plan::kFirstReservedField;
    };
    if (std::ranges::none_of(scan.columns, is_virtual)) return block;
    for (const plan::ScanColumn& scanned : scan.columns) {
      const std::string name = column_name(scanned.attribute.id);
      if (scanned.field_id == plan::kFileField) {
        add_output(block,
                   function("replace", list_of(column("filename"),
                                               constant(duckdb::Value(std::string(kStoreScheme))),
                                               constant(duckdb::Value("")))),
                   name);
      } else {
        add_output(block, column(is_virtual(scanned) ? "file_row_number" : name), name);
      }
    }
    block.selected = true;
    return block;
  }
  Block lower_node(const plan::FileScan&, const Relation& relation) {
    return from(source_function(kFileScanFunction, relation));
  }
  Block lower_node(const plan::OneRow&, const Relation&) {
    return from(make_uniq<duckdb::EmptyTableRef>());
  }
  Block lower_node(const plan::Range& range, const Relation& relation) {
    auto table = make_uniq<duckdb::TableFunctionRef>();
    table->function = function("range", list_of(constant(duckdb::Value::BIGINT(range.start)),
                                                constant(duckdb::Value::BIGINT(range.end)),
                                                constant(duckdb::Value::BIGINT(range.step))));
    table->alias = next_alias();
    name_columns(*table, relation.output);
    return from(std::move(table));
  }
  Block lower_node(const plan::Rows& rows, const Relation&) {
    if (rows.rows.empty() || rows.columns.empty()) return constant_rows(rows);
    auto table = make_uniq<duckdb::ExpressionListRef>();
    for (const std::vector<ExprPtr>& row : rows.rows) {
      FIRN_CHECK(row.size() == rows.columns.size(),
                 "a constant row has another number of values than the relation columns");
      ParsedList values;
      for (size_t i = 0; i < row.size(); ++i) {
        values.push_back(
            cast_to(to_duckdb(rows.columns[i].type), lower_expression(*row[i], context_)));
      }
      table->values.push_back(std::move(values));
    }
    table->alias = next_alias();
    for (const Attribute& attribute : rows.columns) {
      table->expected_names.push_back(column_name(attribute.id));
      table->expected_types.push_back(to_duckdb(attribute.type));
    }
    return from(std::move(table));
  }
  // No rows, or rows without columns.
  Block constant_rows(const plan::Rows& rows) {
    Block block;
    auto table = make_uniq<duckdb::TableFunctionRef>();
    table->function = function(
        "range", list_of(constant(duckdb::Value::BIGINT(static_cast<int64_t>(rows.rows.size())))));
    table->alias = next_alias();
    block.select->from_table = std::move(table);
    for (const Attribute& attribute : rows.columns) {
      add_output(block, cast_to(to_duckdb(attribute.type), constant(duckdb::Value())),
                 column_name(attribute.id));
    }
    block.selected = !rows.columns.empty();
    return block;
  }

  // ---- Unary nodes
  Block lower_node(const plan::Project& project, const Relation&) {
    Block block = lower(*project.child);
    if (block.selected) block = wrap(std::move(block), project.child->output);
    const Carrying carried = carry(block, *project.child, project.expressions);
    add_outputs(block, project.expressions, project.child->output);
    return block;
  }
  // DuckDB would push the condition below the projection: what it names is then computed there, and
  // once more for the output.
  static void keep_costly_outputs(Block& block, const plan::Project& project,
                                  const plan::Expr& condition) {
    std::vector<plan::AttributeId> named;
    plan::collect_references(condition, named);
    const auto is_costly = [](const plan::Expr& expr) {
      const plan::Call* call = plan::as_call(expr);
      return call != nullptr && (call->function->flags & functions::kCostly) != 0;
    };
    for (const ExprPtr& expr : project.expressions) {
      const plan::AttributeId id = plan::attribute_of(*expr).id;
      if (std::ranges::find(named, id) == named.end() || !plan::any_node(*expr, is_costly))
        continue;
      for (Parsed& output : block.select->select_list) {
        if (output->GetAlias() != column_name(id)) continue;
        output = function(kOnceFunction, list_of(std::move(output)));
        output->SetAlias(column_name(id));
      }
    }
  }
  Block lower_node(const plan::Filter& filter, const Relation&) {
    Block block = lower(*filter.child);
    if (const auto* below = std::get_if<plan::Project>(&filter.child->node))
      keep_costly_outputs(block, *below, *filter.condition);
    if (block.selected || block.ordered || block.limited)
      block = wrap(std::move(block), filter.child->output);
    for (ExprPtr& conjunct : plan_conjuncts(filter.condition))
      block.filters.push_back(std::move(conjunct));
    return block;
  }
  Block lower_node(const plan::Aggregate& aggregate, const Relation&) {
    Block block = lower(*aggregate.child);
    if (block.selected || block.ordered || block.limited)
      block = wrap(std::move(block), aggregate.child->output);
    const Carrying carried = carry(block, *aggregate.child, aggregate.outputs);
    duckdb::GroupingSet all;
    for (const ExprPtr& key : aggregate.keys) {
      all.insert(block.select->groups.group_expressions.size());
      block.select->groups.group_expressions.push_back(
          never_positional(lower_expression(*key, context_)));
    }
    if (!all.empty()) block.select->groups.grouping_sets.push_back(std::move(all));
    add_outputs(block, aggregate.outputs, aggregate.child->output, aggregate.keys);
    if (aggregate.keys.empty() && aggregate.outputs.empty()) {
      add_output(block, function("count_star", {}), "firn_row");
    }
    return block;
  }
  Block lower_node(const plan::Sort& sort, const Relation&) {
    Block block = lower(*sort.child);
    const bool distinct = !block.select->modifiers.empty();
    if (block.ordered || block.limited || block.selected || distinct)
      block = wrap(std::move(block), sort.child->output);
    auto modifier = make_uniq<duckdb::OrderModifier>();
    for (const plan::SortKey& key : sort.keys) modifier->orders.push_back(order_by(key));
    block.select->modifiers.push_back(std::move(modifier));
    block.ordered = true;
    return block;
  }
  Block lower_node(const plan::Limit& limit, const Relation&) {
    Block block = lower(*limit.child);
    if (block.limited) block = wrap(std::move(block), limit.child->output);
    auto modifier = make_uniq<duckdb::LimitModifier>();
    const auto rows = [&](const ExprPtr& expr) {
      return cast_to(duckdb::LogicalType::BIGINT, lower_expression(*expr, context_));
    };
    if (limit.limit) modifier->limit = rows(limit.limit);
    if (limit.offset) modifier->offset = rows(limit.offset);
    block.select->modifiers.push_back(std::move(modifier));
    block.limited = true;
    return block;
  }
  Block lower_node(const plan::Distinct& distinct, const Relation&) {
    Block block = wrap(lower(*distinct.child), distinct.child->output);
    add_keys(block, distinct.child->output);
    block.select->modifiers.push_back(make_uniq<duckdb::DistinctModifier>());
    block.limited = true;
    return block;
  }
  Block lower_node(const plan::Deduplicate& deduplicate, const Relation&) {
    Block block = wrap(lower(*deduplicate.child), deduplicate.child->output);
    add_columns(block, deduplicate.child->output);
    auto modifier = make_uniq<duckdb::DistinctModifier>();
    for (const ExprPtr& key : deduplicate.keys) {
      modifier->distinct_on_targets.push_back(never_positional(lower_expression(*key, context_)));
    }
    block.select->modifiers.push_back(std::move(modifier));
    block.limited = true;
    return block;
  }
  // Has no effect but in a stream; the column may have got a new id.
  Block lower_node(const plan::Watermark& watermark, const Relation& relation) {
    Block block = lower(*watermark.child);
    const std::vector<Attribute>& in = watermark.child->output;
    bool renamed = false;
    for (size_t i = 0; i < in.size(); ++i) renamed |= in[i].id != relation.output.at(i).id;
    if (!renamed) return block;
    if (block.selected) block = wrap(std::move(block), in);
    for (size_t i = 0; i < in.size(); ++i) {
      add_output(block, column(column_name(in[i].id)), column_name(relation.output[i].id));
    }
    block.selected = true;
    return block;
  }

  // One column of structs: the generator's rows, which DuckDB unnests in the order of the child's.
  Block lower_node(const plan::Generate& node, const Relation&) {
    Block block = lower(*node.child);
    if (block.selected || block.ordered || block.limited)
      block = wrap(std::move(block), node.child->output);
    add_columns(block, node.child->output);
    const plan::Call& call = std::get<plan::Call>(node.generator->node);
    const bool positions = call.function->name == "posexplode";
    const types::DataType& type = call.arguments.at(0)->type;
    const bool structs =
        positions || call.function->name == "inline" || type.id() == types::DataTypeId::kMap;
    add_output(block, function("unnest", list_of(generator_rows(node, type, positions))),
               kGeneratedItem);
    Block above = wrap(std::move(block), {});
    for (const Attribute& attribute : node.child->output)
      add_output(above, column(column_name(attribute.id)), column_name(attribute.id));
    for (size_t i = 0; i < node.columns.size(); ++i) {
      Parsed item = column(kGeneratedItem);
      const bool pair = positions && type.id() != types::DataTypeId::kMap;
      if (positions && !pair && i > 0) {  // (position, (key, value))
        item = struct_field(std::move(item), 1);
        item = struct_field(std::move(item), i - 1);
      } else if (structs) {
        item = struct_field(std::move(item), i);
      }
      add_output(above, std::move(item), column_name(node.columns[i].id));
    }
    above.selected = true;
    return above;
  }
  static constexpr const char* kGeneratedItem = "firn_item";
  static Parsed struct_field(Parsed value, size_t index) {
    return function(
        "struct_extract",
        list_of(std::move(value), constant(duckdb::Value("f" + std::to_string(index)))));
  }
  Parsed generator_rows(const plan::Generate& node, const types::DataType& type, bool positions) {
    const plan::Call& call = std::get<plan::Call>(node.generator->node);
    Parsed rows = lower_expression(*call.arguments.at(0), context_);
    types::DataType now = type;
    const auto through = [&](const char* kernel, types::DataType result) {
      kernels::CallInfo info;
      info.arguments = {now};
      info.result = result;
      rows = call_kernel(context_.state, kernel, std::move(info), list_of(std::move(rows)),
                         node.generator->origin);
      now = std::move(result);
    };
    if (type.id() == types::DataTypeId::kMap)
      through("map_entries",
              types::DataType::array(types::DataType::structure(
                  {{"key", type.key(), false, ""}, {"value", type.value(), true, ""}})));
    if (positions)
      through("with_positions", types::DataType::array(types::DataType::structure(
                                    {{"pos", types::DataTypeId::kInteger, false, ""},
                                     {"col", now.element(), true, ""}})));
    if (node.outer) through("outer_rows", types::DataType::array(now.element()));
    return rows;
  }

  // ---- Joins and set operations
  Block lower_node(const plan::Join& join, const Relation&) {
    auto table = make_uniq<duckdb::JoinRef>();
    table->left = as_table(lower(*join.left), join.left->output);
    table->right = as_table(lower(*join.right), join.right->output);
    table->type = join_type(join.kind);
    if (join.condition) {
      table->condition = lower_conjuncts(split_conjuncts(join.condition), context_);
    } else if (join.kind == plan::JoinKind::kInner || join.kind == plan::JoinKind::kCross) {
      table->ref_type = duckdb::JoinRefType::CROSS;
    } else {
      table->condition = constant(duckdb::Value::BOOLEAN(true));
    }
    return from(std::move(table));
  }
  static duckdb::JoinType join_type(plan::JoinKind kind) {
    switch (kind) {
      case plan::JoinKind::kLeft:
        return duckdb::JoinType::LEFT;
      case plan::JoinKind::kRight:
        return duckdb::JoinType::RIGHT;
      case plan::JoinKind::kFull:
        return duckdb::JoinType::OUTER;
      case plan::JoinKind::kLeftSemi:
        return duckdb::JoinType::SEMI;
      case plan::JoinKind::kLeftAnti:
        return duckdb::JoinType::ANTI;
      default:
        return duckdb::JoinType::INNER;
    }
  }
  Block lower_node(const plan::SetOperation& operation, const Relation& relation) {
    std::vector<duckdb::unique_ptr<duckdb::QueryNode>> sides;
    for (const plan::RelationPtr& child : operation.children)
      sides.push_back(query(*child)->node->Copy());
    auto statement = make_uniq<duckdb::SelectStatement>();
    statement->node = balanced(operation, sides, 0, sides.size());
    auto table = make_uniq<duckdb::SubqueryRef>(std::move(statement), next_alias());
    name_columns(*table, relation.output);
    Block block = from(std::move(table));
    if (!operation.all && std::ranges::any_of(relation.output, has_signed_zero, &Attribute::type))
      add_keys(block, relation.output);
    return block;
  }
  // A tree of depth log n; EXCEPT is not associative and goes from the left.
  static duckdb::unique_ptr<duckdb::QueryNode> balanced(
      const plan::SetOperation& operation,
      std::vector<duckdb::unique_ptr<duckdb::QueryNode>>& sides, size_t begin, size_t end) {
    if (end - begin == 1) return std::move(sides[begin]);
    const size_t middle =
        operation.kind == plan::SetKind::kExcept ? end - 1 : begin + (end - begin) / 2;
    auto node = make_uniq<duckdb::SetOperationNode>();
    node->setop_all = operation.all;
    node->setop_type = operation.kind == plan::SetKind::kUnion ? duckdb::SetOperationType::UNION
                       : operation.kind == plan::SetKind::kIntersect
                           ? duckdb::SetOperationType::INTERSECT
                           : duckdb::SetOperationType::EXCEPT;
    node->children.push_back(balanced(operation, sides, begin, middle));
    node->children.push_back(balanced(operation, sides, middle, end));
    return node;
  }

  // Unresolved nodes and streaming sources never get here: the stream planner cuts them out.
  template <class Node>
  Block lower_node(const Node&, const Relation& relation) {
    throw Error("FIRN_INTERNAL", {{"what", "a relation that is not resolved reached the engine: " +
                                               to_string(relation)}});
  }

  // ---- Blocks
  Block wrap(Block block, const std::vector<Attribute>& output) {
    return from(as_table(std::move(block), output));
  }

  TableRefPtr as_table(Block block, const std::vector<Attribute>& output) {
    if (block.is_bare()) return std::move(block.select->from_table);
    return make_uniq<duckdb::SubqueryRef>(close(std::move(block), output), next_alias());
  }

  duckdb::unique_ptr<duckdb::SelectStatement> close(Block block,
                                                    const std::vector<Attribute>& output) {
    if (!block.selected) add_columns(block, output);
    if (!block.filters.empty())
      block.select->where_clause = lower_conjuncts(block.filters, context_);
    auto statement = make_uniq<duckdb::SelectStatement>();
    statement->node = std::move(block.select);
    return statement;
  }

  void add_columns(Block& block, const std::vector<Attribute>& columns) {
    for (const Attribute& attribute : columns) {
      add_output(block, column(column_name(attribute.id)), column_name(attribute.id));
    }
    // DuckDB wants at least one column; nobody reads this one.
    if (columns.empty()) add_output(block, constant(duckdb::Value::BOOLEAN(true)), "firn_row");
    block.selected = true;
  }
  // Columns of enclosing queries under names of the block's own: DuckDB gives an aggregate of
  // nothing else to the enclosing query, and takes none of them in windows.
  class Carrying {
   public:
    Carrying(LoweringContext& context, std::map<plan::AttributeId, std::string> names)
        : context_(context), before_(std::exchange(context.carried, std::move(names))) {}
    ~Carrying() { context_.carried = std::move(before_); }
    Carrying(const Carrying&) = delete;
    Carrying& operator=(const Carrying&) = delete;

   private:
    LoweringContext& context_;
    std::map<plan::AttributeId, std::string> before_;
  };
  Carrying carry(Block& block, const Relation& child, const std::vector<ExprPtr>& outputs) {
    const std::vector<Attribute> outer = outer_columns(outputs, child.output);
    std::map<plan::AttributeId, std::string> names;
    if (!outer.empty()) {
      add_columns(block, child.output);
      for (const Attribute& attribute : outer) {
        std::string& name = names[attribute.id] = "o" + std::to_string(context_.subqueries++);
        add_output(block, lower_expression(*plan::column(attribute), context_), name);
      }
      block = wrap(std::move(block), {});
    }
    return Carrying(context_, std::move(names));
  }

  // `own`: the columns that FROM gives. A column of an enclosing query cannot keep its name in one
  // SELECT: DuckDB would take it for the output itself.
  void add_outputs(Block& block, const std::vector<ExprPtr>& expressions,
                   const std::vector<Attribute>& own, const std::vector<ExprPtr>& keys = {}) {
    const auto lowered = [&](const ExprPtr& expr) {
      const bool key =
          std::ranges::any_of(keys, [&](const ExprPtr& one) { return plan::equal(*one, *expr); });
      return key ? lower_key(expr) : lower_expression(*expr, context_);
    };
    duckdb::vector<std::string> names;
    bool renames = false;
    for (const ExprPtr& expr : expressions) {
      if (const auto* alias = std::get_if<plan::Alias>(&expr->node)) {
        names.push_back(column_name(alias->id));
        add_output(block, lowered(alias->child), names.back());
      } else if (const auto* ref = std::get_if<plan::ColumnRef>(&expr->node)) {
        const plan::AttributeId id = ref->attribute.id;
        names.push_back(column_name(id));
        const bool outer =
            std::ranges::none_of(own, [&](const Attribute& known) { return known.id == id; });
        renames |= outer;
        add_output(block, lowered(expr),
                   outer ? "o" + std::to_string(context_.subqueries++) : names.back());
      } else {
        throw Error("FIRN_INTERNAL", {{"what", "a projection without a name reached the engine: " +
                                                   to_string(*expr)}});
      }
    }
    if (expressions.empty() && block.select->groups.group_expressions.empty()) {
      add_output(block, constant(duckdb::Value::BOOLEAN(true)), "firn_row");
    }
    block.selected = true;
    if (!renames) return;
    auto table = make_uniq<duckdb::SubqueryRef>(close(std::move(block), {}), next_alias());
    table->column_name_alias = std::move(names);
    block = from(std::move(table));
  }
  // What rows are grouped by: of 0.0 and -0.0, which are equal, Spark shows the first.
  static bool has_signed_zero(const types::DataType& type) {
    return type.id() == types::DataTypeId::kFloat || type.id() == types::DataTypeId::kDouble;
  }
  Parsed lower_key(const ExprPtr& expr) {
    return has_signed_zero(expr->type) ? lower_order_key(*expr, context_)
                                       : lower_expression(*expr, context_);
  }
  void add_keys(Block& block, const std::vector<Attribute>& columns) {
    if (columns.empty()) return add_columns(block, columns);
    for (const Attribute& attribute : columns)
      add_output(block, lower_key(plan::column(attribute)), column_name(attribute.id));
    block.selected = true;
  }
  static void add_output(Block& block, Parsed parsed, const std::string& name) {
    parsed->SetAlias(name);
    block.select->select_list.push_back(std::move(parsed));
  }
  duckdb::OrderByNode order_by(const plan::SortKey& key) {
    return {key.ascending ? duckdb::OrderType::ASCENDING : duckdb::OrderType::DESCENDING,
            key.nulls_first ? duckdb::OrderByNullType::NULLS_FIRST
                            : duckdb::OrderByNullType::NULLS_LAST,
            never_positional(lower_order_key(*key.child, context_))};
  }
  // A bare integer in GROUP BY or ORDER BY would mean a column's position.
  static Parsed never_positional(Parsed parsed) {
    if (parsed->GetExpressionClass() != duckdb::ExpressionClass::CONSTANT) return parsed;
    const duckdb::LogicalType type = parsed->Cast<duckdb::ConstantExpression>().value.type();
    return cast_to(type, std::move(parsed));
  }
  static void name_columns(duckdb::TableRef& table, const std::vector<Attribute>& columns) {
    for (const Attribute& attribute : columns)
      table.column_name_alias.push_back(column_name(attribute.id));
  }
  static std::vector<ExprPtr> plan_conjuncts(const ExprPtr& condition) {
    return split_conjuncts(condition);
  }
  std::string next_alias() { return "t" + std::to_string(context_.subqueries++); }

  LoweringContext& context_;
};

}  // namespace

DepthGuard::DepthGuard(LoweringContext& context) : context_(context) {
  if (++context_.depth > kMaxPlanDepth) {
    --context_.depth;
    throw Error(
        "FIRN_RESOURCE",
        {{"what",
          "The query is nested more than " + std::to_string(kMaxPlanDepth) +
              " levels deep. Split it into several, with temporary views or tables between."}});
  }
}

duckdb::unique_ptr<duckdb::SelectStatement> lower_query(const Relation& relation,
                                                        LoweringContext& context) {
  // Nothing of what stands around a subquery's expression is true of its blocks.
  const auto window = std::exchange(context.window, nullptr);
  const int computing = std::exchange(context.computing, 0);
  const auto carried = std::exchange(context.carried, {});
  const auto renamed = context.renamed;
  if (computing > 0)
    for (const auto& [id, name] : carried) context.renamed[id] = name;
  auto statement = RelationLowering(context).query(relation);
  context.window = window;
  context.computing = computing;
  context.carried = carried;
  context.renamed = renamed;
  return statement;
}

duckdb::unique_ptr<duckdb::SelectStatement> lower(const Relation& relation,
                                                  const std::vector<types::DataType>& parameters,
                                                  QueryState& state) {
  FIRN_CHECK(relation.resolved, "only resolved plans can be lowered");
  LoweringContext context(state, parameters);
  for (const types::DataType& type : parameters) state.parameter_types.push_back(to_duckdb(type));
  return lower_query(relation, context);
}

}  // namespace firn::engine
