// session_window(time, gap): rows whose times lie at most the gap apart, in each group of the other
// keys.
#include "plan/resolver.h"

namespace firn::plan {
namespace {

using enum DataTypeId;

ExprPtr over(std::string_view name, std::vector<ExprPtr> arguments, DataType type,
             std::vector<ExprPtr> partitions, const ExprPtr& order, bool running) {
  Call call_node;
  call_node.function = functions::find_function(name);
  call_node.arguments = std::move(arguments);
  Windowed made;
  made.function = call(std::move(call_node), type, true);
  made.spec.partition_by = std::move(partitions);
  if (order) made.spec.order_by.push_back({order, true, true});
  if (running) {
    made.spec.has_frame = made.spec.rows = true;
    made.spec.start.kind = FrameBound::Kind::kUnboundedPreceding;
    made.spec.end.kind = FrameBound::Kind::kCurrentRow;
  }
  return typed(std::move(made), std::move(type), true);
}

}  // namespace

// The column that the group's sessions will be in; sessions() makes it below the grouping.
ExprPtr Resolver::session_window(CallSite& at) {
  const std::optional<QueryContext>& origin = at.unresolved->origin;
  Block* block = at.site.block;
  if (block == nullptr) throw_unsupported("session_window() outside of GROUP BY.");
  const auto gap = constant_duration(at.arguments[1]);
  if (!gap) throw_unsupported("a gap of session_window() that is no constant such as '5 minutes'.");
  if (*gap <= 0)
    throw_at(origin, "FIRN_INVALID_INPUT",
             {{"what", "The gap of session_window() must be positive."}});
  ExprPtr time = at.arguments[0];
  if (time->type.id() != kTimestamp && time->type.id() != kTimestampNtz) {
    if (!implicit_type(time->type, kTimestamp, options_.ansi))
      throw_input_type(at, 0, "(\"TIMESTAMP\" or \"TIMESTAMP_NTZ\")");
    time = coerce(time, kTimestamp);
  }
  for (const Block::Session& known : block->sessions)
    if (known.gap == *gap && equal(*known.time, *time)) return column(known.attribute, origin);
  if (time->nullable) block->input = filter(call("isnotnull", {time}, kBoolean), block->input);
  const DataType type =
      DataType::structure({{"start", time->type, true, ""}, {"end", time->type, true, ""}});
  block->sessions.push_back({time, *gap, {ids_.next(), "session_window", type, false, {}}});
  block->from.hidden.push_back(block->sessions.back().attribute);
  return column(block->sessions.back().attribute, origin);
}

RelationPtr Resolver::sessions(const Block& block, RelationPtr plan) {
  for (const Block::Session& session : block.sessions) {
    std::vector<ExprPtr> others;
    for (const Block::Computed& key : block.keys) {
      const auto* ref = std::get_if<ColumnRef>(&key.expr->node);
      if (ref == nullptr || ref->attribute.id != session.attribute.id) others.push_back(key.expr);
    }
    const auto with = [&](ExprPtr value, const char* name) {
      std::vector<ExprPtr> columns;
      for (const Attribute& attribute : plan->output) columns.push_back(column(attribute));
      columns.push_back(alias(std::move(value), name, ids_.next()));
      plan = project(columns, plan);
      return column(attribute_of(*columns.back()));
    };
    const ExprPtr& time = session.time;
    const ExprPtr before = with(over("lag", {time}, time->type, others, time, false), "before");
    const ExprPtr reach =
        call("plus_micros", {before, long_literal(session.gap)}, time->type, settings());
    const ExprPtr starts = case_when(
        {{call("<=", {time, reach}, kBoolean, settings()), long_literal(0)}}, long_literal(1));
    const ExprPtr first = with(starts, "starts");
    const ExprPtr number = with(over("sum", {first}, kLong, others, time, true), "number");
    std::vector<ExprPtr> group = others;
    group.push_back(number);
    const ExprPtr start = with(over("min", {time}, time->type, group, nullptr, false), "start");
    const ExprPtr last = with(over("max", {time}, time->type, group, nullptr, false), "last");
    const ExprPtr end =
        call("plus_micros", {last, long_literal(session.gap)}, time->type, settings());
    std::vector<ExprPtr> columns;
    for (const Attribute& attribute : plan->output) columns.push_back(column(attribute));
    columns.push_back(
        alias(call("named_struct", {string_literal("start"), start, string_literal("end"), end},
                   session.attribute.type, settings()),
              "session_window", session.attribute.id));
    plan = project(std::move(columns), plan);
  }
  return plan;
}

}  // namespace firn::plan
