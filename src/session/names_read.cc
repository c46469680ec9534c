// Walks an unresolved query for the names it reads.
#include <set>

#include "session/pipeline.h"

namespace firn::session {
namespace {

class Walk {
 public:
  void visit(const plan::RelationPtr& relation) {
    if (relation != nullptr)
      std::visit([this](const auto& node) { visit_node(node); }, relation->node);
  }
  std::vector<plan::NameParts> take() { return std::move(names_); }

 private:
  void visit_expression(const plan::ExprPtr& expression) {
    if (expression == nullptr) return;
    std::visit([this](const auto& node) { visit_expression_node(node); }, expression->node);
  }
  void visit_all(const std::vector<plan::ExprPtr>& expressions) {
    for (const plan::ExprPtr& expression : expressions) visit_expression(expression);
  }

  void visit_expression_node(const plan::Subquery& node) {
    visit(node.plan);
    visit_all(node.needles);
  }
  void visit_expression_node(const plan::UnresolvedCall& node) {
    visit_all(node.arguments);
    visit_expression(node.filter);
  }
  void visit_expression_node(const plan::Alias& node) { visit_expression(node.child); }
  void visit_expression_node(const plan::Cast& node) { visit_expression(node.child); }
  void visit_expression_node(const plan::Case& node) {
    visit_expression(node.operand);
    for (const plan::CaseBranch& branch : node.branches) {
      visit_expression(branch.condition);
      visit_expression(branch.value);
    }
    visit_expression(node.otherwise);
  }
  void visit_expression_node(const plan::InList& node) {
    visit_expression(node.child);
    visit_all(node.values);
  }
  void visit_expression_node(const auto&) {}  // leaves, and what holds no subquery

  void visit_node(const plan::UnresolvedTable& node) {
    if (node.parts.size() != 1 || ctes_.count(node.parts.front()) == 0)
      names_.push_back(node.parts);
  }
  void visit_node(const plan::With& node) {
    for (const plan::NamedRelation& one : node.definitions) {
      visit(one.plan);
      ctes_.insert(one.name);
    }
    visit(node.child);
  }
  void visit_node(const plan::Join& node) {
    visit(node.left);
    visit(node.right);
    visit_expression(node.condition);
  }
  void visit_node(const plan::SetOperation& node) {
    for (const plan::RelationPtr& child : node.children) visit(child);
  }
  void visit_node(const plan::Project& node) {
    visit_all(node.expressions);
    visit(node.child);
  }
  void visit_node(const plan::Filter& node) {
    visit_expression(node.condition);
    visit(node.child);
  }
  void visit_node(const plan::Having& node) {
    visit_expression(node.condition);
    visit(node.child);
  }
  void visit_node(const auto& node) {
    if constexpr (requires { node.child; }) visit(node.child);
  }

  std::vector<plan::NameParts> names_;
  std::set<std::string> ctes_;
};

}  // namespace

std::vector<plan::NameParts> names_read(const plan::Relation& query) {
  Walk walk;
  walk.visit(std::make_shared<const plan::Relation>(query));
  return walk.take();
}

}  // namespace firn::session
