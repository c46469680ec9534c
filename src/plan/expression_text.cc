// Expressions as text: Spark's pretty names of unnamed columns, and the form for messages and
// EXPLAIN.
#include <algorithm>
#include <cstdio>

#include "plan/expression.h"
#include "plan/literal_text.h"

namespace firn::plan {
namespace {

enum class Shape : uint8_t { kInfix, kChain, kPrefix, kPostfix };
// Operators that Spark prints as such. Prefix operators stand in parentheses but for ~. A chain is
// printed as a call; it is here because a || b || c nests as deep as it is long.
struct OperatorText {
  std::string_view name;
  Shape shape;
  std::string_view text;
};
constexpr OperatorText kOperators[] = {
    {"+", Shape::kInfix, "+"},           {"-", Shape::kInfix, "-"},
    {"*", Shape::kInfix, "*"},           {"/", Shape::kInfix, "/"},
    {"%", Shape::kInfix, "%"},           {"div", Shape::kInfix, "div"},
    {"and", Shape::kInfix, "AND"},       {"or", Shape::kInfix, "OR"},
    {"=", Shape::kInfix, "="},           {"==", Shape::kInfix, "="},
    {"<=>", Shape::kInfix, "<=>"},       {"<", Shape::kInfix, "<"},
    {"<=", Shape::kInfix, "<="},         {">", Shape::kInfix, ">"},
    {">=", Shape::kInfix, ">="},         {"&", Shape::kInfix, "&"},
    {"|", Shape::kInfix, "|"},           {"^", Shape::kInfix, "^"},
    {"<<", Shape::kInfix, "<<"},         {">>", Shape::kInfix, ">>"},
    {">>>", Shape::kInfix, ">>>"},       {"not", Shape::kPrefix, "NOT "},
    {"unary -", Shape::kPrefix, "- "},   {"positive", Shape::kPrefix, "+ "},
    {"~", Shape::kPrefix, "~"},          {"isnull", Shape::kPostfix, "IS NULL"},
    {"concat", Shape::kChain, "concat"}, {"isnotnull", Shape::kPostfix, "IS NOT NULL"},
};
constexpr bool is_binary(Shape shape) { return shape == Shape::kInfix || shape == Shape::kChain; }
constexpr size_t arity(Shape shape) { return is_binary(shape) ? 2 : 1; }

const OperatorText* find_operator(std::string_view name, size_t arguments) {
  for (const OperatorText& row : kOperators)
    if (row.name == name && arity(row.shape) == arguments) return &row;
  return nullptr;
}

// What a call needs to be printed, resolved or not.
struct CallView {
  std::string_view name;
  const std::vector<ExprPtr>& arguments;
  const std::vector<std::string>* argument_names;
  bool distinct;
  const ExprPtr& filter;
  bool ignore_nulls;
};

std::optional<CallView> call_view(const Expr& expr) {
  if (const auto* call = std::get_if<UnresolvedCall>(&expr.node))
    return CallView{call->name,     call->arguments, &call->argument_names,
                    call->distinct, call->filter,    call->ignore_nulls};
  if (const auto* call = std::get_if<Call>(&expr.node))
    return CallView{call->function->name, call->arguments, nullptr,
                    call->distinct,       call->filter,    false};
  return std::nullopt;
}

class Printer {
 public:
  explicit Printer(bool pretty) : pretty_(pretty) {}

  void print(const Expr& expr) {
    std::visit([&](const auto& node) { write(expr, node); }, expr.node);
  }
  std::string take() { return std::move(out_); }

 private:
  void write(const Expr&, const UnresolvedName& name);
  void write(const Expr&, const UnresolvedStar& star);
  void write(const Expr&, const UnresolvedRegex& columns) { out_ += columns.pattern; }
  void write(const Expr&, const PythonCall& call) {
    out_ += call.function->name + "(";
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      out_ += i > 0 ? ", " : "";
      if (i < call.argument_names.size() && !call.argument_names[i].empty())
        out_ += call.argument_names[i] + " => ";
      print(*call.arguments[i]);
    }
    out_ += ")";
  }
  void write(const Expr&, const UpdateField& update) {
    out_ += "update_fields(";
    print(*update.child);
    out_ += ", " + update.path + ")";
  }
  void write(const Expr& expr, const UnresolvedCall&) { write_call(expr); }
  void write(const Expr&, const UnresolvedExtract& extract);
  void write(const Expr&, const Literal& literal) {
    out_ += pretty_ ? pretty_text(literal) : sql_text(literal);
  }
  void write(const Expr&, const Alias& alias);
  void write(const Expr&, const MultiAlias& alias) {
    print(*alias.child);
    out_ += " AS (";
    for (size_t i = 0; i < alias.names.size(); ++i) out_ += (i > 0 ? ", " : "") + alias.names[i];
    out_ += ')';
  }
  void write(const Expr&, const Cast& cast);
  void write(const Expr&, const Case& node);
  void write(const Expr&, const InList& list);
  void write(const Expr&, const Lambda& lambda);
  void write(const Expr&, const Subquery& subquery);
  void write(const Expr&, const Windowed& windowed);
  void write(const Expr&, const ColumnRef& column);
  void write(const Expr& expr, const Call&) { write_call(expr); }
  void write(const Expr&, const GetField& field);
  void write(const Expr&, const Parameter& parameter) {
    out_ += "$" + std::to_string(parameter.index);
  }

  void write_call(const Expr& expr);
  void write_infix(const Expr& expr);
  bool write_special(const CallView& call);
  void write_function(const CallView& call);
  bool write_ordered(const CallView& call);
  void write_bound(const FrameBound& bound);
  void write_key(const SortKey& key);
  void write_list(const std::vector<ExprPtr>& list, std::string_view separator = ", ");

  bool pretty_;
  std::string out_;
  std::vector<const Lambda*> lambdas_;
};

void Printer::write_list(const std::vector<ExprPtr>& list, std::string_view separator) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out_ += separator;
    print(*list[i]);
  }
}

void Printer::write(const Expr&, const UnresolvedName& name) {
  if (pretty_) {
    for (const Lambda* lambda : lambdas_)
      if (std::find(lambda->names.begin(), lambda->names.end(), name.parts[0]) !=
          lambda->names.end()) {
        out_ += "namedlambdavariable()";
        for (size_t i = 1; i < name.parts.size(); ++i) out_ += "." + name.parts[i];
        return;
      }
  }
  for (size_t i = 0; i < name.parts.size(); ++i) {
    if (i > 0) out_ += '.';
    out_ += pretty_ ? name.parts[i] : types::quote_if_needed(name.parts[i]);
  }
}

void Printer::write(const Expr&, const UnresolvedStar& star) {
  for (const std::string& part : star.qualifier) out_ += types::quote_if_needed(part) + ".";
  out_ += '*';
  if (star.except.empty()) return;
  out_ += " EXCEPT (";
  for (size_t i = 0; i < star.except.size(); ++i) {
    if (i > 0) out_ += ", ";
    for (size_t j = 0; j < star.except[i].size(); ++j)
      out_ += (j > 0 ? "." : "") + types::quote_if_needed(star.except[i][j]);
  }
  out_ += ')';
}

void Printer::write(const Expr&, const UnresolvedExtract& extract) {
  print(*extract.child);
  out_ += '[';
  print(*extract.key);
  out_ += ']';
}

void Printer::write(const Expr&, const Alias& alias) {
  print(*alias.child);
  out_ += " AS " + (pretty_ ? alias.name : types::quote_if_needed(alias.name));
  if (!pretty_ && alias.id != AttributeId{})
    out_ += "#" + std::to_string(static_cast<int64_t>(alias.id));
}

void Printer::write(const Expr&, const Cast& cast) {
  const auto* literal = std::get_if<Literal>(&cast.child->node);
  if (cast.implicit && literal != nullptr && literal->type.id() == types::DataTypeId::kString &&
      cast.type.id() == types::DataTypeId::kTimestamp) {
    out_ += "TIMESTAMP " +
            sql_text(*literal);  // a typed literal whose value needs the session's time zone
    return;
  }
  if (pretty_ && cast.implicit) return print(*cast.child);
  out_ += cast.mode == CastMode::kTry ? "TRY_CAST(" : "CAST(";
  print(*cast.child);
  out_ += " AS " + cast.type.sql() + ")";
}

void Printer::write(const Expr&, const Case& node) {
  out_ += "CASE";
  for (const CaseBranch& branch : node.branches) {
    out_ += " WHEN ";
    if (node.operand) {
      out_ += '(';
      print(*node.operand);
      out_ += " = ";
    }
    print(*branch.condition);
    if (node.operand) out_ += ')';
    out_ += " THEN ";
    print(*branch.value);
  }
  if (node.otherwise) {
    out_ += " ELSE ";
    print(*node.otherwise);
  }
  out_ += " END";
}

void Printer::write(const Expr&, const InList& list) {
  out_ += list.negated ? "(NOT (" : "(";
  print(*list.child);
  out_ += " IN (";
  write_list(list.values);
  out_ += list.negated ? ")))" : "))";
}

void Printer::write(const Expr&, const Lambda& lambda) {
  lambdas_.push_back(&lambda);
  out_ += "lambdafunction(";
  print(*lambda.body);
  for (const std::string& name : lambda.names)
    out_ += ", " + (pretty_ ? "namedlambdavariable()" : name);
  out_ += ')';
  lambdas_.pop_back();
}

void Printer::write(const Expr&, const Subquery& subquery) {
  if (subquery.negated) out_ += "(NOT ";
  switch (subquery.kind) {
    case SubqueryKind::kScalar:
      out_ += "scalarsubquery()";
      break;
    case SubqueryKind::kExists:
      out_ += "exists()";
      break;
    case SubqueryKind::kIn:
      out_ += subquery.needles.size() > 1 ? "((" : "(";
      write_list(subquery.needles);
      out_ += subquery.needles.size() > 1 ? ") IN (listquery()))" : " IN (listquery()))";
      break;
  }
  if (subquery.negated) out_ += ')';
}

void Printer::write_key(const SortKey& key) {
  print(*key.child);
  out_ += key.ascending ? " ASC" : " DESC";
  out_ += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
}

void Printer::write_bound(const FrameBound& bound) {
  using Kind = FrameBound::Kind;
  if (bound.offset) {
    print(*bound.offset);
    out_ += ' ';
  }
  switch (bound.kind) {
    case Kind::kUnboundedPreceding:
      out_ += "UNBOUNDED PRECEDING";
      break;
    case Kind::kPreceding:
      out_ += "PRECEDING";
      break;
    case Kind::kCurrentRow:
      out_ += "CURRENT ROW";
      break;
    case Kind::kFollowing:
      out_ += "FOLLOWING";
      break;
    case Kind::kUnboundedFollowing:
      out_ += "UNBOUNDED FOLLOWING";
      break;
  }
}

void Printer::write(const Expr&, const Windowed& windowed) {
  print(*windowed.function);
  out_ += " OVER (";
  const WindowSpec& spec = windowed.spec;
  std::string_view gap;
  if (!spec.partition_by.empty()) {
    out_ += "PARTITION BY ";
    write_list(spec.partition_by);
    gap = " ";
  }
  for (size_t i = 0; i < spec.order_by.size(); ++i) {
    out_ += i > 0 ? std::string_view(", ") : gap;
    if (i == 0) out_ += "ORDER BY ";
    write_key(spec.order_by[i]);
    gap = " ";
  }
  if (spec.has_frame) {
    out_ += gap;
    out_ += spec.rows ? "ROWS BETWEEN " : "RANGE BETWEEN ";
    write_bound(spec.start);
    out_ += " AND ";
    write_bound(spec.end);
  }
  out_ += ')';
}

void Printer::write(const Expr&, const ColumnRef& column) {
  if (pretty_) {
    for (const Lambda* lambda : lambdas_)
      if (std::find(lambda->ids.begin(), lambda->ids.end(), column.attribute.id) !=
          lambda->ids.end()) {
        out_ += "namedlambdavariable()";
        return;
      }
  }
  out_ += column.attribute.name;
  if (!pretty_) out_ += "#" + std::to_string(static_cast<int64_t>(column.attribute.id));
}

void Printer::write(const Expr&, const GetField& field) {
  print(*field.child);
  const types::DataType& type = field.child->type;
  const bool known = type.id() == types::DataTypeId::kStruct &&
                     static_cast<size_t>(field.index) < type.fields().size();
  out_ += "." + (known ? type.fields()[field.index].name : std::to_string(field.index));
}

// Long chains lean to the left: their spine is walked, not recursed into.
void Printer::write_infix(const Expr& expr) {
  std::vector<const Expr*> spine;
  const Expr* at = &expr;
  for (;;) {
    const auto call = call_view(*at);
    if (!call || call->arguments.size() != 2 || find_operator(call->name, 2) == nullptr) break;
    spine.push_back(at);
    at = call->arguments[0].get();
  }
  for (const Expr* node : spine) {
    const OperatorText* row = find_operator(call_view(*node)->name, 2);
    if (row->shape == Shape::kChain) out_ += row->text;
    out_ += '(';
  }
  print(*at);
  for (auto it = spine.rbegin(); it != spine.rend(); ++it) {
    const auto call = call_view(**it);
    const OperatorText* row = find_operator(call->name, 2);
    if (row->shape == Shape::kChain) {
      out_ += ", ";
    } else {
      out_.append(" ").append(row->text).append(" ");
    }
    print(*call->arguments[1]);
    out_ += ')';
  }
}

void Printer::write_call(const Expr& expr) {
  const CallView call = *call_view(expr);
  const OperatorText* row = find_operator(call.name, call.arguments.size());
  if (row == nullptr) {
    if (!write_special(call)) write_function(call);
    return;
  }
  if (is_binary(row->shape)) return write_infix(expr);
  const bool bare = row->text == "~";
  if (!bare) out_ += '(';
  if (row->shape == Shape::kPrefix) out_ += row->text;
  print(*call.arguments[0]);
  if (row->shape == Shape::kPostfix) out_.append(" ").append(row->text);
  if (!bare) out_ += ')';
}

// Calls that Spark prints in the form of their own syntax.
bool Printer::write_special(const CallView& call) {
  const std::vector<ExprPtr>& arguments = call.arguments;
  if (call.name == "like" && arguments.size() >= 2) {
    print(*arguments[0]);
    out_ += " LIKE ";
    print(*arguments[1]);
    if (arguments.size() == 3) {
      out_ += " ESCAPE '";
      const auto* escape = std::get_if<Literal>(&arguments[2]->node);
      out_ += escape != nullptr ? pretty_text(*escape) : to_string(*arguments[2]);
      out_ += '\'';
    }
    return true;
  }
  if (call.name == "rlike" && arguments.size() == 2) {
    out_ += "RLIKE(";
    write_list(arguments);
    out_ += ')';
    return true;
  }
  if (call.name == "extract" && arguments.size() == 2) {
    out_ += "extract(";
    const auto* unit = std::get_if<Literal>(&arguments[0]->node);
    out_ += unit != nullptr ? pretty_text(*unit) : std::string("?");
    out_ += " FROM ";
    print(*arguments[1]);
    out_ += ')';
    return true;
  }
  if (pretty_ && call.name == "if" && arguments.size() == 3) {
    out_ += "(IF(";
    write_list(arguments);
    out_ += "))";
    return true;
  }
  if (pretty_ && (call.name == "window" || call.name == "session_window")) {
    out_ += call.name;
    return true;
  }
  const bool trims = call.name == "trim" || call.name == "ltrim" || call.name == "rtrim";
  if (trims && arguments.size() == 2) {
    out_ += call.name == "trim"    ? "TRIM(BOTH "
            : call.name == "ltrim" ? "TRIM(LEADING "
                                   : "TRIM(TRAILING ";
    write_list(arguments, " FROM ");
    out_ += ')';
    return true;
  }
  return false;
}

// What Spark's names of calls show of arguments that were not given, or hide of those that were.
struct ShownArguments {
  std::string_view function;
  size_t given;
  std::string_view appended;
  size_t shown;
};
constexpr ShownArguments kShownArguments[] = {
    {"substring", 2, ", 2147483647", 2},
    {"locate", 2, ", 1", 2},
    {"overlay", 3, ", -1", 3},
    {"lag", 1, ", 1, NULL", 1},
    {"lag", 2, ", NULL", 2},
    {"lead", 1, ", 1, NULL", 1},
    {"lead", 2, ", NULL", 2},
    {"from_json", 2, "", 1},
    {"from_json", 3, "", 1},
    {"from_csv", 2, "", 1},
    {"from_csv", 3, "", 1},
};

const ShownArguments* find_shown(std::string_view function, size_t given) {
  for (const ShownArguments& row : kShownArguments)
    if (row.function == function && row.given == given) return &row;
  return nullptr;
}

// f(a) WITHIN GROUP (ORDER BY b): the keys stand behind the arguments.
bool Printer::write_ordered(const CallView& call) {
  const auto key_of = [](const Expr& expr) {
    const auto* key = std::get_if<UnresolvedCall>(&expr.node);
    return key != nullptr && key->name == "sort_key" ? key : nullptr;
  };
  size_t plain = call.arguments.size();
  while (plain > 0 && key_of(*call.arguments[plain - 1]) != nullptr) --plain;
  if (plain == call.arguments.size()) return false;
  out_.append(call.name).append(call.distinct ? "(DISTINCT " : "(");
  write_list({call.arguments.begin(), call.arguments.begin() + static_cast<long>(plain)});
  out_ += ") WITHIN GROUP (ORDER BY ";
  for (size_t i = plain; i < call.arguments.size(); ++i) {
    const UnresolvedCall& key = *key_of(*call.arguments[i]);
    const auto flag = [&](size_t index) {
      const auto* literal = std::get_if<Literal>(&key.arguments[index]->node);
      const bool* value = literal != nullptr ? std::get_if<bool>(&literal->value) : nullptr;
      return value != nullptr && *value;
    };
    if (i > plain) out_ += ", ";
    print(*key.arguments[0]);
    if (call.name == "mode") {  // as Spark turns it round
      out_ += flag(1) ? " DESC" : "";
    } else if (call.name.starts_with("percentile")) {
      out_ += flag(1) ? "" : " DESC";
    } else {
      out_ += flag(1) ? " ASC" : " DESC";
      out_ += flag(2) ? " NULLS FIRST" : " NULLS LAST";
    }
  }
  out_ += ')';
  if (call.filter) {
    out_ += " FILTER (WHERE ";
    print(*call.filter);
    out_ += ')';
  }
  return true;
}

void Printer::write_function(const CallView& call) {
  if (write_ordered(call)) return;
  const ShownArguments* shown = pretty_ ? find_shown(call.name, call.arguments.size()) : nullptr;
  out_.append(call.name).append(call.distinct ? "(DISTINCT " : "(");
  const size_t count = shown != nullptr ? shown->shown : call.arguments.size();
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out_ += ", ";
    if (call.argument_names && i < call.argument_names->size() &&
        !(*call.argument_names)[i].empty())
      out_ += (*call.argument_names)[i] + " => ";
    print(*call.arguments[i]);
  }
  if (shown != nullptr) out_ += shown->appended;
  out_ += ')';
  if (call.ignore_nulls && (!pretty_ || call.name == "nth_value")) out_ += " ignore nulls";
  if (call.filter) {
    out_ += " FILTER (WHERE ";
    print(*call.filter);
    out_ += ')';
  }
}

std::string print(const Expr& expr, bool pretty) {
  Printer printer(pretty);
  printer.print(expr);
  return printer.take();
}

}  // namespace

std::string pretty_name(const Expr& expr) { return print(expr, true); }
std::string to_string(const Expr& expr) { return print(expr, false); }

}  // namespace firn::plan
