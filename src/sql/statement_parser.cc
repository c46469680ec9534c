// Statements: the table of their first words, and those that are short: SET, USE, INSERT, DROP,
// EXPLAIN, REFRESH.
#include "sql/grammar.h"

namespace firn::sql {
namespace {

// Statements of Spark that firn does not have yet; named so that the error can name them.
struct UnsupportedHead {
  std::vector<std::string_view> words;
};
const UnsupportedHead kUnsupportedHeads[] = {
    {{"LOAD", "DATA"}},
    {{"MSCK"}},
    {{"REPAIR", "TABLE"}},
    {{"DECLARE"}},
    {{"EXECUTE", "IMMEDIATE"}},
    {{"GRANT"}},
    {{"REVOKE"}},
    {{"LOCK"}},
    {{"UNLOCK"}},
    {{"EXPORT"}},
    {{"IMPORT"}},
    {{"ADD"}},
    {{"LIST"}},
    {{"ROLLBACK"}},
    {{"COMMIT"}},
    {{"START", "TRANSACTION"}},
};

}  // namespace

std::vector<plan::Statement> Grammar::script() {
  std::vector<plan::Statement> statements;
  for (;;) {
    while (accept(";")) continue;
    if (at_end()) return statements;
    statements.push_back(statement());
    if (!at_end()) fail();
  }
}

plan::Statement Grammar::only_statement() {
  while (accept(";")) continue;
  if (at_end()) throw Error("PARSE_EMPTY_STATEMENT", {}, {context_of(peek())});
  plan::Statement result = statement();
  expect_end();
  return result;
}

plan::Statement Grammar::statement() {
  const size_t first = at_;
  last_alias_.reset();
  plan::Statement result;
  result.node = statement_node();
  result.text = text_from(first);
  result.position = tokens_[first].position;
  result.position.stop = result.position.start + result.text.size();
  return result;
}

plan::StatementNode Grammar::statement_node() {
  struct Head {
    std::string_view word;
    plan::StatementNode (Grammar::*parse)();
  };
  static constexpr Head kHeads[] = {
      {"CREATE", &Grammar::create},     {"REPLACE", &Grammar::create},
      {"DROP", &Grammar::drop},         {"INSERT", &Grammar::insert},
      {"SET", &Grammar::set},           {"RESET", &Grammar::reset},
      {"USE", &Grammar::use},           {"SHOW", &Grammar::show},
      {"DESCRIBE", &Grammar::describe}, {"DESC", &Grammar::describe},
      {"ALTER", &Grammar::alter},       {"REFRESH", &Grammar::refresh},
      {"EXPLAIN", &Grammar::explain},   {"CACHE", &Grammar::cache},
      {"UNCACHE", &Grammar::uncache},   {"CLEAR", &Grammar::clear_cache},
      {"ANALYZE", &Grammar::analyze},   {"DELETE", &Grammar::delete_from},
      {"UPDATE", &Grammar::update},     {"MERGE", &Grammar::merge},
      {"TRUNCATE", &Grammar::truncate},
  };
  for (const Head& head : kHeads)
    if (at(head.word)) return (this->*head.parse)();
  if (at("WITH")) return with_statement();
  if (at_words({"COMMENT", "ON"})) return comment_on();
  if (at_any({"SELECT", "FROM", "VALUES", "TABLE", "("})) return plan::Query{query()};
  for (const UnsupportedHead& head : kUnsupportedHeads) {
    bool same = true;
    std::string words;
    for (size_t i = 0; i < head.words.size(); ++i) {
      same = same && at(head.words[i], i);
      words.append(i > 0 ? " " : "").append(head.words[i]);
    }
    if (same) unsupported("the statement " + words, peek());
  }
  if (at_word_text("CALL")) return call_procedure();
  fail();
}

bool Grammar::if_not_exists() {
  if (!at("IF") || !at("NOT", 1) || !at("EXISTS", 2)) return false;
  at_ += 3;
  return true;
}

bool Grammar::if_exists() { return accept_words({"IF", "EXISTS"}); }

plan::StatementNode Grammar::drop() {
  expect("DROP");
  if (at_any({"SCHEMA", "DATABASE", "NAMESPACE"})) {
    take();
    plan::DropNamespace node;
    node.if_exists = if_exists();
    node.name = name_parts();
    node.cascade = accept("CASCADE");
    if (!node.cascade) accept("RESTRICT");
    return node;
  }
  const bool view = at("VIEW") || at_words({"MATERIALIZED", "VIEW"});
  if (at_any({"FUNCTION", "INDEX", "ROLE", "TEMPORARY", "VARIABLE"}))
    unsupported("the statement DROP " + std::string(peek().keyword), peek());
  if (!view && !at("TABLE")) fail();
  accept("MATERIALIZED");
  take();
  plan::DropTable node;
  node.view = view;
  node.if_exists = if_exists();
  node.name = name_parts();
  node.purge = !view && accept("PURGE");
  return node;
}

// WITH before a query, or before INSERT, whose query it then belongs to.
plan::StatementNode Grammar::with_statement() {
  const size_t first = at_;
  size_t ahead = 1;
  for (size_t depth = 0; peek(ahead).kind != TokenKind::kEnd; ++ahead) {
    if (at("(", ahead)) ++depth;
    if (at(")", ahead) && depth > 0 && --depth == 0 && !at_any({",", "AS", "("}, ahead + 1)) break;
  }
  if (at("MERGE", ahead + 1)) return with_merge();
  if (at_any({"DELETE", "UPDATE"}, ahead + 1))
    unsupported("WITH before " + std::string(peek(ahead + 1).keyword), peek(ahead + 1));
  if (!at("INSERT", ahead + 1)) return plan::Query{query()};
  std::vector<plan::NamedRelation> definitions = with_definitions();
  plan::StatementNode node = insert();
  auto* const files = std::get_if<plan::WriteFiles>(&node);
  plan::RelationPtr& query = files != nullptr ? files->query : std::get<plan::Insert>(node).query;
  query = plan::make(plan::With{std::move(definitions), std::move(query)}, origin_from(first));
  return node;
}

// INSERT OVERWRITE [LOCAL] DIRECTORY ['path'] USING format [OPTIONS (…)] query
plan::StatementNode Grammar::overwrite_directory() {
  accept("LOCAL");
  expect("DIRECTORY");
  plan::WriteFiles node;
  node.mode = plan::SaveMode::kOverwrite;
  if (at_string()) node.path = string_literal();
  if (!accept("USING"))
    unsupported("INSERT OVERWRITE DIRECTORY without USING: write USING parquet, csv, json …",
                peek());
  for (const std::string& part : name_parts())
    node.format += (node.format.empty() ? "" : ".") + part;
  if (accept("OPTIONS")) {
    for (auto& [key, value] : properties()) node.options.emplace_back(key, value);
  }
  node.query = query();
  return node;
}

// Keys and values of SET are taken as they are written, up to the semicolon.
plan::StatementNode Grammar::set() {
  expect("SET");
  plan::SetConf node;
  if (at_words({"TIME", "ZONE"})) {
    const Token& start = peek();
    at_ += 2;
    node.key = "spark.sql.session.timeZone";
    if (at_interval()) unsupported("SET TIME ZONE INTERVAL …", start);
    node.value = at_string() ? string_literal() : identifier();
    return node;
  }
  if (at("CATALOG") && (at_name(1) || at_string(1))) {
    take();
    return plan::Use{{at_string() ? string_literal() : identifier()}, false};
  }
  if (at("VARIABLE") || at_word_text("VAR") || at("ROLE"))
    unsupported("SET " + std::string(peek().text), peek());
  const auto quoted = [this](size_t first, size_t end) {
    if (end == first + 1 && tokens_[first].kind == TokenKind::kQuotedName)
      return unquote_name(tokens_[first].text);
    return std::string(
        text_.substr(tokens_[first].position.start,
                     tokens_[end - 1].position.stop - tokens_[first].position.start));
  };
  if (at_end()) return node;
  const size_t key = at_;
  while (!at_end() && !at("=") && !at("==")) take();
  if (at_ == key) fail();
  node.key = quoted(key, at_);
  if (at("-", 0) || *node.key == "-v") node.key.reset();
  if (at_end()) return node;
  take();
  const size_t value = at_;
  while (!at_end()) take();
  node.value = at_ == value ? std::string() : quoted(value, at_);
  return node;
}

plan::StatementNode Grammar::reset() {
  expect("RESET");
  plan::ResetConf node;
  if (at_end()) return node;
  const size_t first = at_;
  const bool quoted = peek().kind == TokenKind::kQuotedName;
  while (!at_end()) take();
  node.key = quoted && at_ == first + 1 ? unquote_name(tokens_[first].text) : text_from(first);
  return node;
}

plan::StatementNode Grammar::use() {
  expect("USE");
  plan::Use node;
  node.is_namespace = at_any({"SCHEMA", "DATABASE", "NAMESPACE"}) && at_name(1);
  if (node.is_namespace) take();
  node.name = name_parts();
  return node;
}

plan::StatementNode Grammar::refresh() {
  expect("REFRESH");
  if (!accept_words({"MATERIALIZED", "VIEW"}) && !accept_words({"STREAMING", "TABLE"})) {
    if (!at("TABLE"))
      unsupported("REFRESH of something else than a table or materialized view", peek());
    take();
  }
  return plan::RefreshTable{name_parts()};
}

plan::StatementNode Grammar::explain() {
  expect("EXPLAIN");
  plan::Explain node{plan::ExplainMode::kSimple, nullptr};
  if (at_any({"EXTENDED", "LOGICAL"})) {
    take();
    node.mode = plan::ExplainMode::kExtended;
  } else if (accept("FORMATTED")) {
    node.mode = plan::ExplainMode::kFormatted;
  } else if (at_any({"CODEGEN", "COST"})) {
    unsupported("EXPLAIN " + std::string(peek().keyword), peek());
  }
  const Nesting nesting(*this);
  node.statement = std::make_shared<const plan::Statement>(statement());
  return node;
}

}  // namespace firn::sql
