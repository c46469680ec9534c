// The grammar as one recursive-descent parser with operator precedence for expressions. Its methods
// stand in one file a part of the grammar: expressions, functions, literals, types, relations,
// statements, definitions.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/command.h"
#include "sql/parser.h"
#include "sql/token.h"

namespace firn::sql {

using plan::ExprPtr;
using plan::NameParts;
using plan::RelationPtr;
using Words = std::initializer_list<std::string_view>;

class Grammar {
 public:
  Grammar(std::string_view text, const ParseOptions& options);

  std::vector<plan::Statement> script();
  plan::Statement only_statement();
  ExprPtr only_expression();
  types::DataType only_data_type();
  types::DataType only_table_schema();

 private:
  friend class Nesting;

  // ---- tokens (cursor.cc)
  const Token& peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& take() { return at_ + 1 < tokens_.size() ? tokens_[at_++] : tokens_[at_]; }
  bool at(std::string_view word_or_symbol, size_t ahead = 0) const {
    return peek(ahead).is(word_or_symbol);
  }
  bool at_any(Words words, size_t ahead = 0) const;
  bool at_words(Words words) const;                 // all of them, in this order
  bool at_word_text(std::string_view upper) const;  // an unquoted word, keyword or not
  bool accept(std::string_view word_or_symbol);
  bool accept_words(Words words);
  void expect(std::string_view word_or_symbol);
  bool at_end() const { return peek().kind == TokenKind::kEnd || at(";"); }
  void expect_end();
  bool at_string(size_t ahead = 0) const;
  bool at_name(
      size_t ahead = 0) const;  // an identifier, keywords included where the options allow them
  bool at_clause(size_t ahead = 0) const;  // a keyword that no name is: FROM, ORDER before BY
  bool at_operand_end(
      size_t ahead = 0) const;     // , ) ; end or FROM: nothing goes on after what came before
  bool at_implicit_alias() const;  // an alias without AS
  [[noreturn]] void fail() const { fail_at(peek()); }
  [[noreturn]] void fail_at(const Token& token, std::string_view hint = {}) const;
  [[noreturn]] void unsupported(std::string what, const Token& token) const;
  std::optional<QueryContext> origin_from(size_t first_token) const;
  QueryContext context_of(const Token& token) const;
  std::string text_from(size_t first_token) const;  // as written, up to the last token taken

  // ---- names and small parts (cursor.cc)
  std::string identifier();
  std::string string_literal();
  NameParts name_parts();
  bool at_identifier_clause() const { return at("IDENTIFIER") && at("(", 1); }
  NameParts identifier_clause();               // IDENTIFIER('a.b')
  std::vector<std::string> identifier_list();  // ( a, b )
  template <typename Parse>
  auto comma_list(Parse parse) {
    std::vector<decltype(parse())> list;
    do list.push_back(parse());
    while (accept(","));
    return list;
  }

  // ---- expressions (expression_parser.cc)
  ExprPtr expression() { return binary(0); }
  ExprPtr value_expression();  // without AND, OR, NOT and predicates
  ExprPtr named_expression();  // expression [AS] alias
  ExprPtr binary(int lowest);
  ExprPtr prefix(int lowest);
  ExprPtr primary();
  ExprPtr primary_start();
  ExprPtr postfix(ExprPtr base, size_t first);
  ExprPtr predicate(ExprPtr left, size_t first);
  ExprPtr like_predicate(ExprPtr left, std::string_view function, bool negated, size_t first);
  ExprPtr in_predicate(ExprPtr left, bool negated, size_t first);
  ExprPtr is_predicate(ExprPtr left, size_t first);
  ExprPtr parenthesized();
  ExprPtr star(size_t first, NameParts qualifier);
  ExprPtr parameter();
  ExprPtr column_name();
  ExprPtr lambda();
  ExprPtr case_expression();
  ExprPtr cast_expression();
  bool at_lambda() const;
  bool at_query_start(size_t ahead = 0) const;  // SELECT, WITH, VALUES, … or parentheses around one
  ExprPtr combine(std::string_view function, std::vector<ExprPtr> operands,
                  std::optional<QueryContext> origin) const;
  ExprPtr call(std::string_view function, std::vector<ExprPtr> arguments, size_t first) const;
  ExprPtr negate_if(bool negated, ExprPtr child, size_t first) const;

  // ---- function calls (function_parser.cc)
  bool at_function() const;
  ExprPtr function_call();
  ExprPtr special_call(bool& handled);
  ExprPtr extract_call();
  ExprPtr substring_call();
  ExprPtr trim_call();
  ExprPtr overlay_call();
  ExprPtr position_call();
  void call_arguments(plan::UnresolvedCall& call);
  ExprPtr table_argument();
  ExprPtr call_suffix(plan::UnresolvedCall call, size_t first);
  void within_group(plan::UnresolvedCall& call);
  plan::WindowSpec window_spec(std::string& reference);
  void window_frame(plan::WindowSpec& spec);
  plan::FrameBound frame_bound();

  // ---- literals (literal_parser.cc)
  bool at_number(size_t ahead = 0) const;
  ExprPtr number(bool negative, size_t first);
  ExprPtr integer(const std::string& digits, TokenKind kind, size_t first);
  ExprPtr decimal(const std::string& text, size_t first);
  ExprPtr string_value();
  bool at_typed_literal() const;
  ExprPtr typed_literal();
  bool at_interval() const;
  plan::Literal interval();
  ExprPtr literal(types::DataType type, types::Value value, size_t first) const;

  // ---- types (type_parser.cc)
  types::DataType data_type();
  types::DataType interval_type();
  types::DataType struct_type();
  types::DataType parameterized_type(const Token& name);
  types::StructField column_field(bool colon);

  // ---- relations (relation_parser.cc, from_parser.cc)
  RelationPtr query();  // [WITH …] term [ORDER BY … LIMIT …]
  std::vector<plan::NamedRelation> with_definitions();
  RelationPtr query_body();
  RelationPtr set_operations(bool intersect_only);
  RelationPtr query_primary();
  RelationPtr select();
  RelationPtr from_first();
  RelationPtr select_after(RelationPtr from, size_t first);
  std::vector<ExprPtr> group_by();
  ExprPtr grouping_set();
  RelationPtr organization(RelationPtr child, size_t first);
  plan::SortKey sort_key();
  void window_clause();
  RelationPtr inline_table();
  RelationPtr from_clause();
  RelationPtr relation();
  RelationPtr lateral_primary();
  RelationPtr relation_extensions(RelationPtr left, size_t first);
  RelationPtr join_suffix(RelationPtr left, size_t first);
  RelationPtr relation_primary();
  RelationPtr named_relation(bool streaming);
  RelationPtr stream_relation();
  RelationPtr table_function(bool streaming);
  void time_travel(plan::UnresolvedTable& table);
  RelationPtr relation_suffix(RelationPtr child, size_t first);
  RelationPtr watermark(RelationPtr child, size_t first);
  bool at_join() const;
  bool at_watermark() const;
  bool at_table_alias() const;

  // ---- generators and reshaping in FROM, pipes (reshape_parser.cc)
  RelationPtr lateral_view(RelationPtr child, size_t first);
  RelationPtr pivot(RelationPtr child, size_t first);
  RelationPtr unpivot(RelationPtr child, size_t first);
  RelationPtr sample(RelationPtr child, size_t first);
  RelationPtr pipe(RelationPtr child, size_t first);
  RelationPtr pipe_aggregate(RelationPtr child, size_t first);

  // ---- statements (statement_parser.cc, definition_parser.cc, show_parser.cc)
  plan::Statement statement();
  plan::StatementNode statement_node();
  plan::StatementNode create();
  plan::StatementNode create_view(bool or_replace);
  plan::StatementNode create_table(bool or_replace);
  plan::StatementNode create_streaming_table(bool or_refresh);
  plan::StatementNode create_materialized_view(bool or_refresh);
  plan::StatementNode create_flow();
  plan::StatementNode create_namespace();
  plan::StatementNode drop();
  plan::StatementNode overwrite_directory();
  plan::StatementNode with_statement();
  plan::StatementNode set();
  plan::StatementNode reset();
  plan::StatementNode use();
  plan::StatementNode show();
  plan::StatementNode describe();
  plan::StatementNode alter();  // from here: alter_parser.cc, call_parser.cc
  plan::StatementNode alter_view(NameParts name);
  plan::StatementNode alter_namespace();
  plan::StatementNode alter_table_change(plan::AlterTable node);
  bool alter_partition_field(plan::AlterTable& node);
  bool alter_reference(plan::AlterTable& node);
  bool alter_columns(plan::AlterTable& node);
  plan::AddColumns::Column added_column();
  plan::AlterColumn altered_column(bool hive);
  plan::WriteOrder write_order();
  plan::WriteOrder::Key write_order_key();
  plan::SnapshotRef snapshot_ref(plan::SnapshotRef node);
  plan::PartitionTransform partition_transform();
  int64_t duration_ms();
  int64_t whole_number();
  bool accept_word(std::string_view upper);  // a word that may be no keyword
  void expect_word(std::string_view upper);
  plan::StatementNode call_procedure();
  plan::StatementNode comment_on();
  plan::StatementNode cache();
  plan::StatementNode uncache();
  plan::StatementNode clear_cache();
  plan::StatementNode analyze();
  plan::StatementNode refresh();
  plan::StatementNode explain();
  // ---- changes of rows (dml_parser.cc)
  plan::StatementNode insert();
  plan::StatementNode delete_from();
  plan::StatementNode update();
  plan::StatementNode merge();
  plan::StatementNode with_merge();
  plan::StatementNode truncate();
  std::string target_alias();
  std::vector<std::pair<std::string, ExprPtr>> partition_clause();
  std::vector<plan::Assignment> assignments();
  plan::MergeAction merge_action();
  void merge_insert(plan::MergeAction& action);
  void check_merge_actions(const std::vector<plan::MergeAction>& actions, size_t first) const;

  plan::TableDefinition table_definition();
  void table_elements(plan::TableDefinition& definition);
  bool table_clause(plan::TableDefinition& definition);
  plan::ColumnDefinition column_definition();
  plan::Expectation expectation();
  std::vector<plan::PartitionTransform> partitioning(plan::TableDefinition& definition);
  std::map<std::string, std::string> properties();
  std::pair<std::string, std::string> property();
  std::string property_key();
  RelationPtr definition_query();
  bool if_not_exists();
  bool if_exists();
  std::string like_pattern();
  NameParts in_clause();

  // Windows by name: uses wait until the WINDOW clause that defines them has been read.
  struct WindowUse {
    std::shared_ptr<plan::Expr> expr;
    std::string name;
    size_t token;
  };
  struct WindowScope {
    std::vector<std::pair<std::string, plan::WindowSpec>> definitions;
    std::vector<WindowUse> uses;
  };
  void settle_windows();

  std::string_view text_;
  ParseOptions options_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  const char* stack_base_ = nullptr;
  std::optional<size_t>
      last_alias_;  // token of the last alias without AS: often a misspelt keyword
  std::vector<WindowScope> windows_;
};

// Counts nesting; beyond the bound, FAILED_TO_PARSE_TOO_COMPLEX.
class Nesting {
 public:
  explicit Nesting(Grammar& grammar);
  ~Nesting() { --grammar_.depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  Grammar& grammar_;
};

}  // namespace firn::sql
