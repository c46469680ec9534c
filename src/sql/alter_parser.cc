// ALTER TABLE, VIEW and NAMESPACE: Spark's forms and those of Iceberg's extension.
#include <charconv>

#include "base/ascii.h"
#include "base/names.h"
#include "sql/grammar.h"

namespace firn::sql {
namespace {

// Partition transforms as Iceberg's Spark extension and Spark's reader name them, singular and
// plural.
struct TransformName {
  std::string_view written;  // lower case
  std::string_view transform;
};
constexpr TransformName kTransforms[] = {
    {"years", "years"},       {"year", "years"},    {"months", "months"},
    {"month", "months"},      {"days", "days"},     {"day", "days"},
    {"date", "days"},         {"hours", "hours"},   {"hour", "hours"},
    {"date_hour", "hours"},   {"bucket", "bucket"}, {"truncate", "truncate"},
    {"identity", "identity"},
};

struct DurationUnit {
  std::string_view word;  // lower case, singular
  int64_t ms;
};
constexpr DurationUnit kDurations[] = {
    {"day", 86'400'000}, {"hour", 3'600'000}, {"minute", 60'000}};

}  // namespace

bool Grammar::accept_word(std::string_view upper) {
  if (!at_word_text(upper)) return false;
  take();
  return true;
}

void Grammar::expect_word(std::string_view upper) {
  if (!accept_word(upper)) fail();
}

int64_t Grammar::whole_number() {
  const Token& token = peek();
  if (token.kind != TokenKind::kInteger && token.kind != TokenKind::kLong) fail();
  const std::string_view digits = take().text;
  int64_t value = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc())
    fail_at(token);
  return value;
}

// days(ts), bucket(16, id), truncate(s, 4), or a column: identity.
plan::PartitionTransform Grammar::partition_transform() {
  plan::PartitionTransform field;
  const Token& start = peek();
  if (!(at_name() && at("(", 1))) return {"identity", {}, dotted(name_parts())};
  const std::string written = lower_case(identifier());
  for (const TransformName& row : kTransforms)
    if (row.written == written) field.transform = std::string(row.transform);
  if (field.transform.empty())
    throw Error("UNSUPPORTED_PARTITION_TRANSFORM", {{"transform", "`" + written + "`"}},
                {context_of(start)});
  expect("(");
  do {
    if (peek().kind == TokenKind::kInteger) {
      field.parameter = static_cast<int>(whole_number());
    } else {
      field.column = dotted(name_parts());
    }
  } while (accept(","));
  expect(")");
  const bool needs = field.transform == "bucket" || field.transform == "truncate";
  if (field.column.empty() || needs != field.parameter.has_value()) fail_at(start);
  return field;
}

plan::StatementNode Grammar::alter() {
  const Token& start = peek();
  expect("ALTER");
  if (at_any({"SCHEMA", "DATABASE", "NAMESPACE"})) return alter_namespace();
  if (!at_any({"TABLE", "VIEW"}))
    unsupported("the statement ALTER " + std::string(peek().text), start);
  const bool view = take().keyword == "VIEW";
  plan::AlterTable node;
  node.view = view;
  node.table = name_parts();
  if (at_words({"SET", "TBLPROPERTIES"}) || at_words({"UNSET", "TBLPROPERTIES"})) {
    plan::AlterTableProperties properties_node{std::move(node.table), {}, {}, view};
    const bool set = take().keyword == "SET";
    take();
    if (set) {
      properties_node.set = properties();
      return properties_node;
    }
    if_exists();
    expect("(");
    properties_node.unset = comma_list([this] { return property_key(); });
    expect(")");
    return properties_node;
  }
  if (accept_words({"RENAME", "TO"})) {
    node.change = plan::RenameTable{name_parts()};
    return node;
  }
  if (view) return alter_view(std::move(node.table));
  return alter_table_change(std::move(node));
}

// ALTER VIEW v [AS] query.
plan::StatementNode Grammar::alter_view(NameParts name) {
  plan::CreateView node;
  node.or_replace = true;
  node.name = std::move(name);
  accept("AS");
  if (!at_query_start() && !at("WITH")) fail();
  const size_t first = at_;
  node.query = query();
  node.text = text_from(first);
  return node;
}

plan::StatementNode Grammar::alter_namespace() {
  take();
  plan::AlterNamespace node;
  node.name = name_parts();
  const bool set = at("SET");
  if (!set && !at("UNSET")) fail();
  take();
  if (set && accept("LOCATION")) {
    node.set["location"] = string_literal();
    return node;
  }
  if (!at_any({"DBPROPERTIES", "PROPERTIES"})) fail();
  take();
  if (set) {
    node.set = properties();
    return node;
  }
  if_exists();
  expect("(");
  node.unset = comma_list([this] { return property_key(); });
  expect(")");
  return node;
}

plan::StatementNode Grammar::alter_table_change(plan::AlterTable node) {
  const Token& start = peek();
  if (accept_words({"SET", "LOCATION"})) {
    node.change = plan::SetLocation{string_literal()};
    return node;
  }
  if (at("SET") || at("DROP")) {
    const size_t first = at_;
    const bool drop = take().keyword == "DROP";
    if (accept("IDENTIFIER")) {
      expect_word("FIELDS");
      node.change = plan::IdentifierFields{comma_list([this] { return name_parts(); }), drop};
      return node;
    }
    at_ = first;
  }
  if (accept_word("WRITE")) {
    node.change = write_order();
    return node;
  }
  if (alter_partition_field(node) || alter_reference(node) || alter_columns(node)) return node;
  const bool cut_short = peek(1).kind == TokenKind::kEnd || at(";", 1);
  if (cut_short || !at_any({"ADD", "RENAME", "DROP", "ALTER", "CHANGE", "REPLACE", "SET", "UNSET",
                            "RECOVER", "PARTITION", "CLUSTER", "AS", "WITH"}))
    fail();
  unsupported("ALTER TABLE … " + std::string(peek().text) + " " + std::string(peek(1).text), start);
}

bool Grammar::alter_partition_field(plan::AlterTable& node) {
  if (!at_any({"ADD", "DROP", "REPLACE"}) || !at("PARTITION", 1)) return false;
  const size_t first = at_;
  const std::string_view verb = take().keyword;
  take();
  if (!accept_word("FIELD")) {
    at_ = first;
    return false;
  }
  plan::PartitionField change;
  change.kind = verb == "ADD"    ? plan::PartitionField::Kind::kAdd
                : verb == "DROP" ? plan::PartitionField::Kind::kDrop
                                 : plan::PartitionField::Kind::kReplace;
  change.field = partition_transform();
  if (change.kind == plan::PartitionField::Kind::kReplace) {
    expect("WITH");
    change.with = partition_transform();
  }
  if (change.kind != plan::PartitionField::Kind::kDrop && accept("AS")) change.name = identifier();
  node.change = std::move(change);
  return true;
}

// WRITE DISTRIBUTED BY PARTITION and [LOCALLY] ORDERED BY …, in either order; or UNORDERED.
plan::WriteOrder Grammar::write_order() {
  plan::WriteOrder order;
  bool distributed = false, ordered = false, locally = false;
  const auto is_distribution = [this] { return at_word_text("DISTRIBUTED"); };
  const auto is_order = [this] { return at_word_text("LOCALLY") || at_word_text("ORDERED"); };
  while ((!distributed && is_distribution()) || (!ordered && is_order())) {
    if (accept_word("DISTRIBUTED")) {
      expect("BY");
      expect("PARTITION");
      distributed = true;
      continue;
    }
    locally = accept_word("LOCALLY");
    expect_word("ORDERED");
    expect("BY");
    const bool parentheses = accept("(");
    order.keys = comma_list([this] { return write_order_key(); });
    if (parentheses) expect(")");
    ordered = true;
  }
  const bool unordered = !ordered && accept_word("UNORDERED");
  if (!distributed && !ordered && !unordered) fail();
  order.distribution = distributed ? "hash" : unordered ? "none" : locally ? "" : "range";
  return order;
}

plan::WriteOrder::Key Grammar::write_order_key() {
  plan::WriteOrder::Key key;
  key.term = partition_transform();
  if (accept("DESC")) {
    key.ascending = false;
  } else {
    accept("ASC");
  }
  key.nulls_first = key.ascending;
  if (accept("NULLS")) {
    key.nulls_first = at("FIRST");
    if (!accept("FIRST")) expect("LAST");
  }
  return key;
}

bool Grammar::alter_reference(plan::AlterTable& node) {
  const size_t first = at_;
  plan::SnapshotRef change;
  if (accept("CREATE")) {
    change.kind = plan::SnapshotRef::Kind::kCreate;
    if (accept_words({"OR", "REPLACE"})) change.kind = plan::SnapshotRef::Kind::kCreateOrReplace;
  } else if (accept("REPLACE")) {
    change.kind = plan::SnapshotRef::Kind::kReplace;
  } else if (accept("DROP")) {
    change.kind = plan::SnapshotRef::Kind::kDrop;
  } else {
    return false;
  }
  change.tag = at_word_text("TAG");
  if (!change.tag && !at_word_text("BRANCH")) {
    at_ = first;
    return false;
  }
  take();
  node.change = snapshot_ref(std::move(change));
  return true;
}

// name [AS OF VERSION n] [RETAIN n DAYS] [WITH SNAPSHOT RETENTION [n SNAPSHOTS] [n DAYS]]
plan::SnapshotRef Grammar::snapshot_ref(plan::SnapshotRef change) {
  if (change.kind == plan::SnapshotRef::Kind::kDrop) {
    change.if_exists = if_exists();
    change.name = identifier();
    return change;
  }
  change.if_not_exists = if_not_exists();
  change.name = identifier();
  if (accept_words({"AS", "OF"})) {
    expect("VERSION");
    change.snapshot_id = whole_number();
  }
  if (accept_word("RETAIN")) change.max_ref_age_ms = duration_ms();
  if (!change.tag && at("WITH")) {
    take();
    expect_word("SNAPSHOT");
    expect_word("RETENTION");
    const size_t first = at_;
    const int64_t number = whole_number();
    if (accept_word("SNAPSHOTS")) {
      change.min_snapshots_to_keep = static_cast<int>(number);
      if (at_number()) change.max_snapshot_age_ms = duration_ms();
    } else {
      at_ = first;
      change.max_snapshot_age_ms = duration_ms();
    }
  }
  return change;
}

int64_t Grammar::duration_ms() {
  const int64_t number = whole_number();
  std::string word = lower_case(peek().text);
  if (word.ends_with('s')) word.pop_back();
  for (const DurationUnit& unit : kDurations) {
    if (unit.word != word) continue;
    take();
    return number * unit.ms;
  }
  fail();
}

bool Grammar::alter_columns(plan::AlterTable& node) {
  const auto list = [this](auto one) {
    const bool parentheses = accept("(");
    auto all = comma_list(one);
    if (parentheses) expect(")");
    return all;
  };
  if (at_any({"ADD", "REPLACE"}) && at_any({"COLUMN", "COLUMNS"}, 1)) {
    plan::AddColumns change;
    change.replace = take().keyword == "REPLACE";
    take();
    if (if_not_exists()) unsupported("ADD COLUMN IF NOT EXISTS", peek());
    change.columns = list([this] { return added_column(); });
    node.change = std::move(change);
  } else if (at("DROP") && at_any({"COLUMN", "COLUMNS"}, 1)) {
    at_ += 2;
    plan::DropTableColumns change;
    change.if_exists = if_exists();
    change.columns = list([this] { return name_parts(); });
    node.change = std::move(change);
  } else if (accept_words({"RENAME", "COLUMN"})) {
    plan::RenameColumn change;
    change.column = name_parts();
    expect("TO");
    change.to = identifier();
    node.change = std::move(change);
  } else if (at_any({"ALTER", "CHANGE"})) {
    const bool hive = take().keyword == "CHANGE";
    accept("COLUMN");
    plan::AlterColumns change;
    do {
      change.columns.push_back(altered_column(hive));
    } while (!hive && accept(","));
    node.change = std::move(change);
  } else {
    return false;
  }
  return true;
}

plan::AddColumns::Column Grammar::added_column() {
  plan::AddColumns::Column column;
  column.name = name_parts();
  column.type = data_type();
  for (;;) {
    if (accept_words({"NOT", "NULL"})) {
      column.nullable = false;
    } else if (accept("COMMENT")) {
      column.comment = string_literal();
    } else if (accept("DEFAULT")) {
      column.default_value = expression();
    } else if (accept("FIRST")) {
      column.first = true;
    } else if (accept("AFTER")) {
      column.after = identifier();
    } else {
      return column;
    }
  }
}

// ALTER COLUMN c TYPE t | COMMENT s | FIRST | AFTER x | SET NOT NULL | DROP NOT NULL | SET DEFAULT
// e | DROP DEFAULT, and Hive's CHANGE COLUMN c c type [COMMENT s] [FIRST | AFTER x].
plan::AlterColumn Grammar::altered_column(bool hive) {
  const Token& start = peek();
  plan::AlterColumn change;
  change.column = name_parts();
  if (hive && at_name() && !at_any({"TYPE", "COMMENT", "FIRST", "AFTER", "SET", "DROP"}) &&
      !at_word_text("TYPE")) {
    const std::string name = identifier();
    if (lower_case(name) != lower_case(change.column.back()))
      unsupported("CHANGE COLUMN to another name; write RENAME COLUMN", start);
    change.type = data_type();
  }
  for (;;) {
    if (accept_word("TYPE")) {
      change.type = data_type();
    } else if (accept("COMMENT")) {
      change.comment = string_literal();
    } else if (accept("FIRST")) {
      change.first = true;
    } else if (accept("AFTER")) {
      change.after = identifier();
    } else if (accept_words({"SET", "NOT", "NULL"})) {
      change.nullable = false;
    } else if (accept_words({"DROP", "NOT", "NULL"})) {
      change.nullable = true;
    } else if (accept_words({"SET", "DEFAULT"})) {
      change.default_value = expression();
    } else if (accept_words({"DROP", "DEFAULT"})) {
      change.drop_default = true;
    } else {
      break;
    }
  }
  if (!change.type && !change.comment && !change.first && change.after.empty() &&
      !change.nullable && change.default_value == nullptr && !change.drop_default)
    fail();
  return change;
}

}  // namespace firn::sql
