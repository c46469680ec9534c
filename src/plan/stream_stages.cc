// Stages: segments between state operators; windowed aggregation as partial results that merge.
#include "plan/stream_stages.h"

#include <algorithm>

namespace firn::plan {
namespace {

using types::DataType;
using enum types::DataTypeId;

bool is_selection(const Relation& relation) {
  if (std::holds_alternative<Slot>(relation.node)) return true;
  const auto* node = std::get_if<Project>(&relation.node);
  return node != nullptr && is_selection(*node->child) &&
         std::all_of(node->expressions.begin(), node->expressions.end(),
                     [](const ExprPtr& e) { return std::holds_alternative<ColumnRef>(e->node); });
}

bool leads_to_input(const Relation& relation) {
  if (std::holds_alternative<Slot>(relation.node)) return true;
  const auto children = children_of(relation);
  return std::any_of(children.begin(), children.end(),
                     [](const RelationPtr& child) { return leads_to_input(*child); });
}

// How an aggregate is kept: the states of a batch, how they merge, what comes out.
struct Kept {
  std::vector<ExprPtr> states;  // aggregate calls
  std::vector<std::string> merges;
  std::function<ExprPtr(const std::vector<ExprPtr>&)> final;
};

struct MergeRow {
  std::string_view function, merge;
};
constexpr MergeRow kMerges[] = {{"count", "sum"},    {"count_if", "sum"}, {"sum", "sum"},
                                {"try_sum", "sum"},  {"min", "min"},      {"max", "max"},
                                {"bool_and", "min"}, {"bool_or", "max"}};

ExprPtr aggregate_call(std::string_view name, std::vector<ExprPtr> arguments, DataType type,
                       const Call& like) {
  Call made;
  made.function = functions::find_function(name);
  made.arguments = std::move(arguments);
  made.filter = like.filter;
  made.ansi = like.ansi;
  const bool nullable = name != "count" && name != "collect_set";
  return call(std::move(made), std::move(type), nullable);
}

Kept kept_of(const ExprPtr& expr) {
  const Call& node = *as_call(*expr);
  const std::string_view name = node.function->name;
  const bool repeats_matter =
      name != "min" && name != "max" && name != "bool_and" && name != "bool_or";
  if ((node.distinct && name == "count" && node.arguments.size() == 1) ||
      name == "approx_count_distinct") {
    const DataType set = DataType::array(node.arguments[0]->type, false);
    return {{aggregate_call("collect_set", {node.arguments[0]}, set, node)},
            {"distinct"},
            [](const std::vector<ExprPtr>& states) {
              const ExprPtr size = call("array_size", {states[0]}, kInteger);
              return call("coalesce", {cast(size, kLong, CastMode::kAnsi, true), long_literal(0)},
                          kLong);
            }};
  }
  if (node.distinct && repeats_matter)
    throw_unsupported("the aggregate " + pretty_name(*expr) + " over a stream.");
  for (const MergeRow& row : kMerges)
    if (row.function == name)
      return {{expr}, {std::string(row.merge)}, [](const std::vector<ExprPtr>& states) {
                return states[0];
              }};
  if (name == "avg" && node.arguments[0]->type.is_numeric()) {
    const DataType given = node.arguments[0]->type, result = expr->type;
    const bool decimal = given.id() == kDecimal;
    const DataType total =
        decimal ? DataType::decimal(std::min(38, given.precision() + 10), given.scale())
                : DataType(kDouble);
    const ExprPtr input =
        decimal ? node.arguments[0] : cast(node.arguments[0], kDouble, CastMode::kAnsi, true);
    return {{aggregate_call("sum", {input}, total, node),
             aggregate_call("count", {node.arguments[0]}, kLong, node)},
            {"sum", "sum"},
            [=](const std::vector<ExprPtr>& states) {
              const DataType divisor = decimal ? DataType::decimal(20, 0) : DataType(kDouble);
              const DataType quotient =
                  decimal ? DataType::decimal(38, std::min(38, given.scale() + 10))
                          : DataType(kDouble);
              const ExprPtr count = cast(states[1], divisor, CastMode::kAnsi, true);
              return cast(call("/", {states[0], count}, quotient, {false, {}, 0}), result,
                          CastMode::kLegacy, true);
            }};
  }
  throw_unsupported("the aggregate " + pretty_name(*expr) +
                    " over a stream; count, count(DISTINCT x), sum, avg, min and max work.");
}

}  // namespace

void StageBuilder::start(std::vector<Attribute> columns) {
  columns_ = std::move(columns);
  stages_.clear();
}

RelationPtr StageBuilder::slot() const { return finish(Slot{0, columns_}); }

std::optional<int> StageBuilder::index_of(AttributeId id) const {
  for (size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i].id == id) return static_cast<int>(i);
  return std::nullopt;
}

std::vector<Attribute> StageBuilder::run(const RelationPtr& plan, bool exact) {
  return close(open(plan), exact);
}

// Ends the segment: what comes next reads the columns from a Slot. A mere choice of columns needs
// no segment.
std::vector<Attribute> StageBuilder::close(const RelationPtr& plan, bool exact) {
  const std::vector<Attribute>& output = plan->output;
  const bool same = output.size() == columns_.size() &&
                    std::equal(output.begin(), output.end(), columns_.begin(),
                               [](const Attribute& a, const Attribute& b) { return a.id == b.id; });
  if (is_selection(*plan) && (same || !exact)) return columns_;
  columns_ = output;
  stages_.push_back(SegmentStage{plan, 0});
  return columns_;
}

RelationPtr StageBuilder::open(const RelationPtr& plan) {
  if (std::holds_alternative<Slot>(plan->node)) return slot();
  if (const auto* node = std::get_if<Project>(&plan->node)) {
    const RelationPtr child = open(node->child);
    for (const ExprPtr& expr : node->expressions)
      if (contains_window(*expr)) throw_unsupported("window functions (OVER) over a stream.");
    trace(node->expressions);
    return project(node->expressions, child);
  }
  if (const auto* node = std::get_if<Filter>(&plan->node))
    return filter(node->condition, open(node->child));
  if (const auto* node = std::get_if<Watermark>(&plan->node)) {
    const RelationPtr child = open(node->child);
    const AttributeId id = attribute_of(*node->column).id;
    close(child, false);
    times_[id] = Time::kMoment;
    stages_.push_back(WatermarkStage{*index_of(id), node->delay_us});
    return slot();
  }
  if (const auto* node = std::get_if<Deduplicate>(&plan->node)) {
    if (node->within_watermark) throw_unsupported("dropDuplicatesWithinWatermark.");
    std::vector<AttributeId> keys;
    for (const ExprPtr& key : node->keys) keys.push_back(attribute_of(*key).id);
    return deduplicate(keys, open(node->child));
  }
  if (const auto* node = std::get_if<Distinct>(&plan->node)) {
    const RelationPtr child = open(node->child);
    std::vector<AttributeId> keys;
    for (const Attribute& attribute : child->output) keys.push_back(attribute.id);
    return deduplicate(keys, child);
  }
  if (const auto* node = std::get_if<Aggregate>(&plan->node))
    return aggregate(*node, open(node->child));
  if (const auto* node = std::get_if<Join>(&plan->node)) {
    const bool left = leads_to_input(*node->left);
    const bool keeps = node->kind == JoinKind::kInner || node->kind == JoinKind::kCross ||
                       (left ? node->kind != JoinKind::kRight && node->kind != JoinKind::kFull
                             : node->kind == JoinKind::kRight);
    if (!keeps)
      throw_unsupported("an outer join that keeps the rows of the table beside a stream.");
    Join made = *node;
    (left ? made.left : made.right) = open(left ? node->left : node->right);
    return finish(std::move(made), plan->origin);
  }
  if (std::holds_alternative<Sort>(plan->node)) throw_unsupported("ORDER BY over a stream.");
  if (std::holds_alternative<Limit>(plan->node)) throw_unsupported("LIMIT over a stream.");
  throw_unsupported("this operation over a stream: " + to_string(*plan));
}

RelationPtr StageBuilder::deduplicate(const std::vector<AttributeId>& keys,
                                      const RelationPtr& child) {
  close(child, false);
  DedupStage stage;
  for (const AttributeId id : keys) stage.keys.push_back(*index_of(id));
  for (const auto& [id, time] : times_)
    if (time == Time::kMoment && index_of(id)) stage.event_time = index_of(id);
  stages_.push_back(std::move(stage));
  return slot();
}

// Which new columns are event time.
void StageBuilder::trace(const std::vector<ExprPtr>& expressions) {
  for (const ExprPtr& expr : expressions)
    if (const auto* named = std::get_if<Alias>(&expr->node))
      if (const auto time = time_of(*named->child)) times_[named->id] = *time;
}

std::optional<StageBuilder::Time> StageBuilder::time_of(const Expr& expr) const {
  if (const auto* ref = std::get_if<ColumnRef>(&expr.node)) {
    const auto found = times_.find(ref->attribute.id);
    return found == times_.end() ? std::nullopt : std::optional(found->second);
  }
  const Call* node = as_call(expr, "named_struct");
  if (node == nullptr || node->arguments.size() != 4) return std::nullopt;
  bool of_time = false;
  const auto over_time = [&](const Expr& e) {
    const Call* start = as_call(e, "window_start");
    if (start != nullptr) of_time |= time_of(*start->arguments[0]) == Time::kMoment;
    return false;
  };
  any_node(*node->arguments[1], over_time);
  return of_time ? std::optional(Time::kWindow) : std::nullopt;
}

RelationPtr StageBuilder::aggregate(const Aggregate& node, const RelationPtr& child) {
  AggregateStage stage;
  std::vector<ExprPtr> partial_keys, partial_outputs, below, finals;
  for (const Attribute& attribute : child->output) below.push_back(column(attribute));
  const auto add_key = [&](const ExprPtr& value, const std::string& name) {
    below.push_back(alias(value, name, fresh()));
    partial_keys.push_back(column(attribute_of(*below.back())));
    partial_outputs.push_back(partial_keys.back());
    return partial_keys.back();
  };
  std::map<AttributeId, ExprPtr> key_values;  // over the partial result
  for (const ExprPtr& key : node.keys) {
    const auto time = time_of(*key);
    const AttributeId id = attribute_of(*key).id;
    if (time == Time::kWindow) {  // flat columns are what state holds
      const ExprPtr start = add_key(field(key, 0), "start"), end = add_key(field(key, 1), "end");
      stage.window_end = static_cast<int>(partial_keys.size()) - 1;
      key_values[id] = call(
          "named_struct", {string_literal("start"), start, string_literal("end"), end}, key->type);
    } else {
      if (time == Time::kMoment && !stage.window_end)
        stage.window_end = static_cast<int>(partial_keys.size());
      key_values[id] = add_key(key, attribute_of(*key).name);
    }
  }
  if (!stage.window_end)
    throw Error("UNSUPPORTED_STREAMING_OPERATOR_WITHOUT_WATERMARK",
                {{"outputMode", "append"}, {"statefulOperator", "aggregation"}});
  stage.keys = static_cast<int>(partial_keys.size());
  for (const ExprPtr& output : node.outputs) {
    const Attribute made = attribute_of(*output);
    const auto* named = std::get_if<Alias>(&output->node);
    if (named == nullptr) {
      finals.push_back(alias(key_values.at(made.id), made.name, made.id));
      continue;
    }
    const Kept kept = kept_of(named->child);
    std::vector<ExprPtr> states;
    for (size_t i = 0; i < kept.states.size(); ++i) {
      partial_outputs.push_back(alias(kept.states[i], made.name, fresh()));
      stage.merges.push_back(kept.merges[i]);
      states.push_back(column(attribute_of(*partial_outputs.back())));
    }
    finals.push_back(alias(kept.final(states), made.name, made.id));
  }
  for (const auto& [id, time] : times_)
    if (time == Time::kMoment && index_of(id)) stage.event_time = index_of(id);
  stage.partial =
      finish(Aggregate{partial_keys, partial_outputs, project(std::move(below), child)});
  stage.final = project(std::move(finals), finish(Slot{0, stage.partial->output}));
  columns_ = stage.final->output;
  for (const ExprPtr& key : node.keys)
    if (const auto time = time_of(*key)) times_[attribute_of(*key).id] = *time;
  stages_.push_back(std::move(stage));
  return slot();
}

}  // namespace firn::plan
