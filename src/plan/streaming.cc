// The cut of streaming plans: the common part of all targets, JSON that the source decodes, stages
// at state operators.
#include "plan/streaming.h"

#include <algorithm>

#include "base/error.h"
#include "plan/resolve.h"
#include "plan/rewrite.h"
#include "plan/stream_stages.h"

namespace firn::plan {
namespace {

using types::DataType;
using enum types::DataTypeId;

constexpr int64_t kCutIds = int64_t{1}
                            << 40;  // ids that the cut makes; far from those of resolution

// The streaming path from the root down to the source.
std::vector<RelationPtr> path_of(const RelationPtr& plan) {
  std::vector<RelationPtr> path;
  for (RelationPtr at = plan;;) {
    path.push_back(at);
    if (std::holds_alternative<StreamSource>(at->node)) return path;
    RelationPtr next;
    for (const RelationPtr& child : children_of(*at)) {
      if (!child->streaming) continue;
      if (next)
        throw_unsupported(std::holds_alternative<Join>(at->node)
                              ? "a join of two streams."
                              : "a UNION of streams in one flow; write one flow (INSERT INTO … "
                                "SELECT) for each.");
      next = child;
    }
    if (!next) throw_unsupported("this source of a stream: " + to_string(*at));
    at = next;
  }
}

RelationPtr replaced(const RelationPtr& relation, const Relation* old, const RelationPtr& by) {
  if (relation.get() == old) return by;
  std::vector<RelationPtr> children;
  bool changed = false;
  for (const RelationPtr& child : children_of(*relation)) {
    children.push_back(replaced(child, old, by));
    changed |= children.back() != child;
  }
  return changed ? with_children(*relation, std::move(children)) : relation;
}

std::set<AttributeId> ids_of(const std::vector<Attribute>& attributes) {
  std::set<AttributeId> ids;
  for (const Attribute& attribute : attributes) ids.insert(attribute.id);
  return ids;
}

void watermark_ids(const Relation& relation, std::set<AttributeId>& ids) {
  if (const auto* node = std::get_if<Watermark>(&relation.node))
    ids.insert(attribute_of(*node->column).id);
  for (const RelationPtr& child : children_of(relation)) watermark_ids(*child, ids);
}

RelationPtr tidied(const RelationPtr& relation, const std::set<AttributeId>& wanted) {
  std::set<AttributeId> kept;
  watermark_ids(*relation, kept);
  return collapse(prune(collapse(relation), wanted, kept));
}

bool is_cheap_column(const Expr& expr) {
  if (std::holds_alternative<ColumnRef>(expr.node)) return true;
  if (const auto* named = std::get_if<Alias>(&expr.node)) return is_cheap_column(*named->child);
  if (const auto* member = std::get_if<GetField>(&expr.node))
    return is_cheap_column(*member->child);
  return false;
}

// Nothing but columns of the source by other names: not worth a stage of its own.
bool is_only_columns(const Relation& relation) {
  if (std::holds_alternative<StreamSource>(relation.node)) return true;
  const auto* node = std::get_if<Project>(&relation.node);
  return node != nullptr && is_only_columns(*node->child) &&
         std::all_of(node->expressions.begin(), node->expressions.end(),
                     [](const ExprPtr& e) { return is_cheap_column(*e); });
}

RelationPtr map_plan(const RelationPtr& relation, const ExprMap& map) {
  std::vector<RelationPtr> children;
  bool changed = false;
  for (const RelationPtr& child : children_of(*relation)) {
    children.push_back(map_plan(child, map));
    changed |= children.back() != child;
  }
  return map_expressions(changed ? with_children(*relation, std::move(children)) : relation, map);
}

void visit_plan(const Relation& relation, const std::function<void(const ExprPtr&)>& visit) {
  for_each_expression(relation, visit);
  for (const RelationPtr& child : children_of(relation)) visit_plan(*child, visit);
}

// ---- from_json over the source

class JsonPush {
 public:
  explicit JsonPush(const StreamSource& source) {
    if (source.format != "kafka") return;  // the others hand out rows, not messages
    for (const Attribute& attribute : source.columns)
      if (attribute.name == "value" && attribute.type.id() == kBinary) value_ = attribute.id;
  }

  // Looks for the first call that can be pushed.
  void look(const Relation& relation) {
    visit_plan(relation, [&](const ExprPtr& expr) { look(expr); });
    // The source decodes every record. A call that a filter or a condition keeps some records from
    // must not fail because of them.
    if (call_ && pushed_.mode == "FAILFAST" && !(keeps_rows(relation) && is_plain_in(relation)))
      call_ = nullptr;
  }
  bool found() const { return call_ != nullptr; }
  const PushedJson& pushed() const { return pushed_; }
  Attribute attribute() const { return {AttributeId{kCutIds}, "json", pushed_.schema, true, {}}; }

  RelationPtr replace(const RelationPtr& relation) const {
    return map_plan(relation, [&](const ExprPtr& expr) { return replace(expr); });
  }

  // Only the fields that the plans use, where leaving out others changes nothing.
  std::vector<RelationPtr> narrowed(std::vector<RelationPtr> plans) {
    if (pushed_.mode != "PERMISSIVE") return plans;
    std::set<int> used;
    bool whole = false;
    for (const RelationPtr& plan : plans)
      visit_plan(*plan, [&](const ExprPtr& expr) { whole |= !collect_fields(*expr, used); });
    const auto& fields = pushed_.schema.fields();
    for (size_t i = 0; i < fields.size(); ++i)
      if (fields[i].name == pushed_.corrupt_record_column && used.count(static_cast<int>(i)))
        whole = true;
    if (whole || used.size() == fields.size()) return plans;
    std::map<int, int> position;
    std::vector<types::StructField> kept;
    for (const int index : used)
      position[index] = static_cast<int>(kept.size()),
      kept.push_back(fields[static_cast<size_t>(index)]);
    pushed_.schema = DataType::structure(kept);
    if (!std::any_of(kept.begin(), kept.end(),
                     [&](const auto& f) { return f.name == pushed_.corrupt_record_column; }))
      pushed_.corrupt_record_column.clear();
    for (RelationPtr& plan : plans)
      plan = map_plan(plan, [&](const ExprPtr& expr) { return renumber(expr, position); });
    return plans;
  }

 private:
  static bool keeps_rows(const Relation& relation) {
    if (std::holds_alternative<StreamSource>(relation.node)) return true;
    if (const auto* node = std::get_if<Project>(&relation.node)) return keeps_rows(*node->child);
    const auto* node = std::get_if<Watermark>(&relation.node);
    return node != nullptr && keeps_rows(*node->child);
  }
  // The call is a column, or a field of it is.
  bool is_plain_in(const Relation& relation) const {
    bool plain = false;
    visit_plan(relation, [&](const ExprPtr& expr) { plain |= is_plain(*expr); });
    return plain;
  }
  bool is_plain(const Expr& expr) const {
    if (const auto* named = std::get_if<Alias>(&expr.node)) return is_plain(*named->child);
    if (const auto* member = std::get_if<GetField>(&expr.node)) return is_plain(*member->child);
    return equal(expr, *call_);
  }
  void look(const ExprPtr& expr) {
    if (call_) return;
    if (const Call* node = as_call(*expr, "from_json");
        node != nullptr && is_over_value(*node) && read_options(*node, *expr)) {
      call_ = expr;
      return;
    }
    for_each_child(*expr, [&](const ExprPtr& child) { look(child); });
  }
  bool is_over_value(const Call& node) const {
    const auto* text = std::get_if<Cast>(&node.arguments[0]->node);
    const auto* ref = text != nullptr ? std::get_if<ColumnRef>(&text->child->node) : nullptr;
    return ref != nullptr && ref->attribute.id == value_ && text->type.id() == kString;
  }
  // False where an option is set that the source does not know.
  bool read_options(const Call& node, const Expr& expr) {
    if (expr.type.id() != kStruct) return false;
    PushedJson made{expr.type, "PERMISSIVE", "_corrupt_record",
                    node.zone.empty() ? "UTC" : node.zone};
    if (node.arguments.size() > 2) {
      const Call* map = as_call(*node.arguments[2], "map");
      if (map == nullptr) return false;
      for (size_t i = 0; i + 1 < map->arguments.size(); i += 2) {
        const Literal *key = as_literal(*map->arguments[i]),
                      *value = as_literal(*map->arguments[i + 1]);
        const auto* name = key != nullptr ? std::get_if<std::string>(&key->value) : nullptr;
        const auto* text = value != nullptr ? std::get_if<std::string>(&value->value) : nullptr;
        if (name == nullptr || text == nullptr || !set_option(made, lower(*name), *text))
          return false;
      }
    }
    const auto& fields = made.schema.fields();
    const bool wants_corrupt = std::any_of(fields.begin(), fields.end(), [&](const auto& f) {
      return f.name == made.corrupt_record_column;
    });
    if (!wants_corrupt) made.corrupt_record_column.clear();
    pushed_ = std::move(made);
    return true;
  }
  static bool set_option(PushedJson& json, const std::string& name, const std::string& text) {
    if (name == "columnnameofcorruptrecord") {
      json.corrupt_record_column = text;
      return true;
    }
    if (name != "mode") return false;
    for (const char* mode : {"PERMISSIVE", "FAILFAST", "DROPMALFORMED"})
      if (lower(text) == lower(mode)) {
        json.mode = mode;
        return true;
      }
    return false;
  }
  static std::string lower(std::string text) {
    for (char& c : text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return text;
  }
  ExprPtr replace(const ExprPtr& expr) const {
    if (equal(*expr, *call_) && !std::holds_alternative<Alias>(expr->node))
      return column(attribute(), expr->origin);
    return map_children(expr, [&](const ExprPtr& child) { return replace(child); });
  }
  // False where the struct is used as a whole.
  bool collect_fields(const Expr& expr, std::set<int>& used) const {
    if (const auto* member = std::get_if<GetField>(&expr.node);
        member != nullptr && is_json(*member->child)) {
      used.insert(member->index);
      return true;
    }
    const Call* test = as_call(expr);
    if (test != nullptr &&
        (test->function->name == "isnull" || test->function->name == "isnotnull") &&
        is_json(*test->arguments[0]))
      return true;
    if (is_json(expr)) return false;
    bool only_fields = true;
    for_each_child(expr,
                   [&](const ExprPtr& child) { only_fields &= collect_fields(*child, used); });
    return only_fields;
  }
  static bool is_json(const Expr& expr) {
    const auto* ref = std::get_if<ColumnRef>(&expr.node);
    return ref != nullptr && ref->attribute.id == AttributeId{kCutIds};
  }
  ExprPtr renumber(const ExprPtr& expr, const std::map<int, int>& position) const {
    if (const auto* member = std::get_if<GetField>(&expr->node);
        member != nullptr && is_json(*member->child))
      return field(column(attribute()), position.at(member->index), expr->origin);
    if (is_json(*expr)) return column(attribute(), expr->origin);
    return map_children(expr, [&](const ExprPtr& child) { return renumber(child, position); });
  }

  AttributeId value_{-1};
  ExprPtr call_;
  PushedJson pushed_;
};

RelationPtr source_leaf(const RelationPtr& relation) {
  if (std::holds_alternative<StreamSource>(relation->node)) return relation;
  for (const RelationPtr& child : children_of(*relation))
    if (child->streaming) return source_leaf(child);
  return nullptr;
}

RelationPtr with_source(const RelationPtr& relation, const std::vector<Attribute>& columns) {
  const RelationPtr leaf = source_leaf(relation);
  StreamSource made = std::get<StreamSource>(leaf->node);
  made.columns = columns;
  return replaced(relation, leaf.get(), finish(std::move(made)));
}

// Complete mode is for aggregations alone.
void check_mode(const StreamCut& cut, OutputMode mode) {
  if (mode != OutputMode::kComplete) return;
  const auto aggregates = [](const StreamStage& stage) {
    return std::holds_alternative<AggregateStage>(stage);
  };
  bool found = std::any_of(cut.shared.begin(), cut.shared.end(), aggregates);
  for (const StreamTarget& target : cut.targets)
    found |= std::any_of(target.stages.begin(), target.stages.end(), aggregates);
  if (!found)
    throw Error("STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION",
                {{"outputMode", "complete"}, {"operation", "no streaming aggregations"}});
}

}  // namespace

RelationPtr find_stream_source(const RelationPtr& plan) { return source_leaf(plan); }

std::string_view name_of(OutputMode mode) {
  constexpr std::string_view kNames[] = {"append", "complete", "update"};
  return kNames[static_cast<size_t>(mode)];
}

std::optional<OutputMode> parse_output_mode(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  for (const OutputMode mode : {OutputMode::kAppend, OutputMode::kComplete, OutputMode::kUpdate})
    if (lower == name_of(mode)) return mode;
  return std::nullopt;
}

StreamCut cut_streams(const std::vector<RelationPtr>& resolved, OutputMode mode) {
  FIRN_CHECK(!resolved.empty(), "a stream without a target");
  std::vector<std::vector<RelationPtr>> paths;
  for (const RelationPtr& plan : resolved) paths.push_back(path_of(plan));
  const RelationPtr source = paths[0].back();
  RelationPtr common = source;
  for (const std::vector<RelationPtr>& path : paths)
    if (path.back() != source) throw_unsupported("several sources in one streaming query.");
  for (const RelationPtr& candidate : resolved.size() > 1 ? paths[0] : std::vector<RelationPtr>{}) {
    const bool in_all = std::all_of(paths.begin(), paths.end(), [&](const auto& path) {
      return std::find(path.begin(), path.end(), candidate) != path.end();
    });
    if (!in_all) continue;
    common = candidate;
    break;
  }

  StreamCut cut;
  cut.source = std::get<StreamSource>(source->node);
  std::vector<Attribute> columns = cut.source.columns;
  JsonPush json(cut.source);
  RelationPtr shared = collapse(common);
  json.look(*shared);
  if (json.found()) {
    columns.push_back(json.attribute());
    shared = collapse(with_source(json.replace(shared), columns));
  }
  // What is no work is not shared: each target reads the source's columns itself.
  const bool dissolved = is_only_columns(*shared);
  const RelationPtr slot = finish(Slot{0, shared->output});
  std::vector<RelationPtr> targets;
  for (const RelationPtr& plan : resolved)
    targets.push_back(collapse(replaced(plan, common.get(), dissolved ? shared : slot)));
  if (dissolved && !json.found()) {
    for (const RelationPtr& target : targets) json.look(*target);
    if (json.found()) {
      columns.push_back(json.attribute());
      for (RelationPtr& target : targets)
        target = collapse(with_source(json.replace(target), columns));
    }
  }
  std::vector<AttributeId> references;
  for (RelationPtr& target : targets) {
    target = tidied(target, ids_of(target->output));
    collect_references(*target, references);
    // What comes out is needed too: a plan may be nothing but its source.
    for (const Attribute& attribute : target->output) references.push_back(attribute.id);
  }
  if (dissolved) {
    if (json.found()) targets = json.narrowed(std::move(targets));
  } else {
    std::vector<ExprPtr> needed;
    const std::set<AttributeId> wanted(references.begin(), references.end());
    for (const Attribute& attribute : shared->output)
      if (wanted.count(attribute.id)) needed.push_back(column(attribute));
    shared = project(std::move(needed), shared);
    shared = tidied(shared, ids_of(shared->output));
    if (json.found()) shared = json.narrowed({shared})[0];
    references.clear();
    collect_references(*shared, references);
  }

  std::set<AttributeId> needed(references.begin(), references.end());
  std::vector<Attribute> read;
  for (const Attribute& attribute : columns)
    if (needed.count(attribute.id))
      read.push_back(attribute.id == AttributeId{kCutIds} ? json.attribute() : attribute);
  if (read.empty()) read.push_back(columns.at(0));
  const RelationPtr decoded = finish(Slot{0, read});
  for (const Attribute& attribute : read)
    cut.columns.push_back({attribute, attribute.id == AttributeId{kCutIds} ? "" : attribute.name});
  if (json.found() && needed.count(AttributeId{kCutIds})) cut.json = json.pushed();

  StageBuilder builder(kCutIds + 1, mode);
  std::vector<Attribute> handed = read;
  if (!dissolved) {
    builder.start(handed);
    const RelationPtr leaf = source_leaf(shared);
    handed = builder.run(replaced(shared, leaf.get(), decoded), false);
    cut.shared = builder.take();
  }
  for (const RelationPtr& target : targets) {
    RelationPtr over = target;
    if (dissolved) {
      const RelationPtr leaf = source_leaf(target);
      over = replaced(target, leaf.get(), decoded);
    }
    builder.start(handed);
    builder.run(over, true);
    cut.targets.push_back({builder.take()});
  }
  check_mode(cut, mode);
  return cut;
}

}  // namespace firn::plan
