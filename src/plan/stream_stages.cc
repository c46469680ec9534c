// Stages: segments between state operators; windowed aggregation as partial results that merge.
#include "plan/stream_stages.h"

#include <algorithm>
#include <utility>

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
constexpr MergeRow kMerges[] = {{"count", "sum"}, {"count_if", "sum"}, {"min", "min"},
                                {"max", "max"},   {"bool_and", "min"}, {"bool_or", "max"}};

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

// Decimals add up in 38 digits; the result's precision is checked when it comes out.
Kept kept_sum(const ExprPtr& expr, const Call& node) {
  const DataType result = expr->type;
  const auto as_result = [=, mode = node.ansi ? CastMode::kAnsi : CastMode::kLegacy](
                             const std::vector<ExprPtr>& states) {
    return cast(states[0], result, mode, true);
  };
  if (result.id() == kDecimal)
    return {{aggregate_call("sum", node.arguments, DataType::decimal(38, result.scale()), node)},
            {"sum"},
            as_result};
  return {{expr}, {node.ansi || result.id() != kLong ? "sum" : "wrapping_sum"}, as_result};
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
            [](const std::vector<ExprPtr>& states) { return states[0]; }};
  }
  if (node.distinct && repeats_matter)
    throw_unsupported("the aggregate " + pretty_name(*expr) + " over a stream.");
  if (name == "sum") return kept_sum(expr, node);
  const bool comparable = node.arguments.empty() || !node.arguments[0]->type.is_nested();
  for (const MergeRow& row : kMerges)
    if (row.function == name && comparable)
      return {{expr}, {std::string(row.merge)}, [](const std::vector<ExprPtr>& states) {
                return states[0];
              }};
  if (name == "avg" && node.arguments[0]->type.is_numeric()) {
    const DataType given = node.arguments[0]->type, result = expr->type;
    const bool decimal = given.id() == kDecimal;
    const DataType total = decimal ? DataType::decimal(38, given.scale()) : DataType(kDouble);
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
  stages_.push_back(SegmentStage{plan, 0, std::exchange(whole_epoch_, false)});
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
  if (const auto* node = std::get_if<Generate>(&plan->node)) {
    Generate made = *node;
    made.child = open(node->child);
    return finish(std::move(made), plan->origin);
  }
  const auto* eval = std::get_if<PythonEval>(&plan->node);
  const auto* map = std::get_if<PythonMap>(&plan->node);
  if ((eval != nullptr && eval->frames.empty()) ||
      (map != nullptr && map->calls.empty() && map->key_count == 0 && !map->left_count))
    return with_children(*plan, {open(children_of(*plan)[0])});
  if (map != nullptr)
    throw_unsupported("the Python function " + map->function->name + " of groups over a stream");
  if (const auto* node = std::get_if<Watermark>(&plan->node)) {
    const RelationPtr child = open(node->child);
    const AttributeId id = attribute_of(*node->column).id;
    close(child, false);
    times_[id] = Time::kMoment;
    delay_us_ = node->delay_us;
    stages_.push_back(WatermarkStage{*index_of(id), node->delay_us});
    return slot();
  }
  if (const auto* node = std::get_if<Deduplicate>(&plan->node)) {
    std::vector<AttributeId> keys;
    for (const ExprPtr& key : node->keys) keys.push_back(attribute_of(*key).id);
    return deduplicate(keys, node->within_watermark, open(node->child));
  }
  if (const auto* node = std::get_if<Distinct>(&plan->node)) {
    const RelationPtr child = open(node->child);
    std::vector<AttributeId> keys;
    for (const Attribute& attribute : child->output) keys.push_back(attribute.id);
    return deduplicate(keys, false, child);
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
  if (std::holds_alternative<Sort>(plan->node))
    return complete_only(*plan, "ORDER BY over a stream");
  if (std::holds_alternative<Limit>(plan->node)) return complete_only(*plan, "LIMIT over a stream");
  throw_unsupported("this operation over a stream: " + to_string(*plan));
}

// What needs all rows at once: over the groups that complete mode gives anew in every batch.
RelationPtr StageBuilder::complete_only(const Relation& node, const char* what) {
  const RelationPtr child = open(children_of(node).front());
  if (mode_ != OutputMode::kComplete || !aggregated_)
    throw_unsupported(std::string(what) + ", unless it is over an aggregation in complete mode.");
  whole_epoch_ = true;
  return with_children(node, {child});
}

RelationPtr StageBuilder::deduplicate(const std::vector<AttributeId>& keys, bool within_watermark,
                                      const RelationPtr& child) {
  close(child, false);
  DedupStage stage;
  if (within_watermark) {
    if (!delay_us_)
      throw Error("UNSUPPORTED_STREAMING_OPERATOR_WITHOUT_WATERMARK",
                  {{"outputMode", std::string(name_of(mode_))},
                   {"statefulOperator", "dropDuplicatesWithinWatermark"}});
    stage.within_us = delay_us_;
  }
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

// Event time, or the last moment of a window of it.
bool StageBuilder::is_event_time(const Expr& expr) const {
  if (const Call* moved = as_call(expr, "plus_micros"))
    if (const auto* end = std::get_if<GetField>(&moved->arguments[0]->node))
      return time_of(*end->child) == Time::kWindow;
  return time_of(expr) == Time::kMoment;
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
    if (start != nullptr) of_time |= is_event_time(*start->arguments[0]);
    return false;
  };
  any_node(*node->arguments[1], over_time);
  return of_time ? std::optional(Time::kWindow) : std::nullopt;
}

// What an aggregation over a stream is made of, gathered key by key and aggregate by aggregate.
class StageBuilder::AggregateParts {
 public:
  AggregateParts(StageBuilder& builder, const RelationPtr& child) : builder_(builder) {
    for (const Attribute& attribute : child->output) below_.push_back(column(attribute));
  }

  void add_key(const ExprPtr& key) {
    const AttributeId id = attribute_of(*key).id;
    const auto time = builder_.time_of(*key);
    if (time == Time::kWindow) {  // flat columns are what state holds
      const ExprPtr start = flat_key(field(key, 0), "start"), end = flat_key(field(key, 1), "end");
      window_end_ = static_cast<int>(keys_.size()) - 1;
      key_values_[id] = call(
          "named_struct", {string_literal("start"), start, string_literal("end"), end}, key->type);
      return;
    }
    if (time == Time::kMoment && !window_end_) window_end_ = static_cast<int>(keys_.size());
    key_values_[id] = flat_key(key, attribute_of(*key).name);
  }

  void add_output(const ExprPtr& output) {
    const Attribute made = attribute_of(*output);
    const auto* named = std::get_if<Alias>(&output->node);
    if (named == nullptr) {
      finals_.push_back(alias(key_values_.at(made.id), made.name, made.id));
      return;
    }
    const Kept kept = kept_of(named->child);
    std::vector<ExprPtr> states;
    for (size_t i = 0; i < kept.states.size(); ++i) {
      partial_.push_back(alias(kept.states[i], made.name, builder_.fresh()));
      merges_.push_back(kept.merges[i]);
      merged_.push_back(attribute_of(*partial_.back()));
      if (kept.merges[i] == "distinct") {  // what comes back is how many there are
        merged_.back().type = kLong;
        merged_.back().nullable = false;
      }
      states.push_back(column(merged_.back()));
    }
    finals_.push_back(alias(kept.final(states), made.name, made.id));
  }

  AggregateStage finished(const RelationPtr& child, OutputMode mode) {
    if (!window_end_ && mode == OutputMode::kAppend)
      throw Error("UNSUPPORTED_STREAMING_OPERATOR_WITHOUT_WATERMARK",
                  {{"outputMode", "append"}, {"statefulOperator", "aggregation"}});
    partial_.push_back(alias(call("count", {long_literal(1)}, kLong), "rows", builder_.fresh()));
    AggregateStage stage;
    stage.keys = static_cast<int>(keys_.size());
    stage.merges = std::move(merges_);
    stage.window_end = window_end_;
    stage.mode = mode;
    stage.partial = finish(Aggregate{keys_, partial_, project(std::move(below_), child)});
    stage.final = project(std::move(finals_), finish(Slot{0, std::move(merged_)}));
    return stage;
  }

 private:
  ExprPtr flat_key(const ExprPtr& value, const std::string& name) {
    below_.push_back(alias(value, name, builder_.fresh()));
    keys_.push_back(column(attribute_of(*below_.back())));
    partial_.push_back(keys_.back());
    merged_.push_back(attribute_of(*keys_.back()));
    return keys_.back();
  }

  StageBuilder& builder_;
  std::vector<ExprPtr> below_, keys_, partial_, finals_;
  std::vector<Attribute> merged_;
  std::vector<std::string> merges_;
  std::optional<int> window_end_;
  std::map<AttributeId, ExprPtr> key_values_;  // over the merged states
};

RelationPtr StageBuilder::aggregate(const Aggregate& node, const RelationPtr& child) {
  AggregateParts parts(*this, child);
  for (const ExprPtr& key : node.keys) parts.add_key(key);
  for (const ExprPtr& output : node.outputs) parts.add_output(output);
  if (aggregated_ && mode_ != OutputMode::kAppend)
    throw Error("STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION",
                {{"outputMode", std::string(name_of(mode_))},
                 {"operation", "multiple streaming aggregations"}});
  aggregated_ = true;
  AggregateStage stage = parts.finished(child, mode_);
  columns_ = stage.final->output;
  stages_.push_back(std::move(stage));
  return slot();
}

}  // namespace firn::plan
