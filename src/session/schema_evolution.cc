// Schema evolution by writing: mergeSchema, MERGE WITH SCHEMA EVOLUTION (Iceberg's
// UnionByNameVisitor).
#include <cctype>

#include "base/error.h"
#include "session/target.h"

namespace firn::session {
namespace {

using types::DataType;
using types::DataTypeId;
using types::Field;
using types::Type;
using types::TypeId;

bool same_name(const std::string& a, const std::string& b, bool case_sensitive) {
  if (case_sensitive || a.size() != b.size()) return a == b;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(a[i])) !=
        std::tolower(static_cast<unsigned char>(b[i])))
      return false;
  }
  return true;
}

class Union {
 public:
  // `strict`: a column whose type does not meet the table's is an error (rows are written as they
  // are), else it is left to the casts of the statement.
  Union(int last_id, bool case_sensitive, bool strict)
      : last_id_(last_id), case_sensitive_(case_sensitive), strict_(strict) {}
  bool changed() const { return changed_; }

  std::vector<Field> fields(std::vector<Field> existing, const DataType& incoming) {
    for (const types::StructField& given : incoming.fields()) {
      Field* found = nullptr;
      for (Field& field : existing)
        if (same_name(field.name, given.name, case_sensitive_)) found = &field;
      if (found == nullptr) {
        existing.push_back(added(given));
        continue;
      }
      found->type = widened(found->type, given.type, found->name);
    }
    return existing;
  }

 private:
  Field added(const types::StructField& given) {
    changed_ = true;
    Field field;
    field.id = ++last_id_;
    field.name = given.name;
    field.doc = given.comment;
    int next = last_id_ + 1;
    field.type = types::to_iceberg(given.type, next);
    last_id_ = next - 1;
    return field;
  }

  Type widened(const Type& existing, const DataType& incoming, const std::string& name) {
    switch (existing.id()) {
      case TypeId::kStruct:
        if (incoming.id() != DataTypeId::kStruct) return existing;
        return Type::structure(fields(existing.fields(), incoming));
      case TypeId::kList: {
        if (incoming.id() != DataTypeId::kArray) return existing;
        const Field& element = existing.element();
        return Type::list(element.id, element.required,
                          widened(element.type, incoming.element(), name));
      }
      case TypeId::kMap: {
        if (incoming.id() != DataTypeId::kMap) return existing;
        const Field &key = existing.key(), &value = existing.value();
        return Type::map(key.id, key.type, value.id, value.required,
                         widened(value.type, incoming.value(), name));
      }
      default:
        break;
    }
    if (incoming.is_nested() || incoming.id() == DataTypeId::kNull) return existing;
    int unused = 1;
    const Type wanted = types::to_iceberg(incoming, unused);
    if (wanted == existing) return existing;
    if (!types::can_promote(existing, wanted)) {
      if (strict_ && !types::can_promote(wanted, existing))
        throw_invalid("Cannot change column type: " + name + ": " + existing.to_string() + " -> " +
                      wanted.to_string());
      return existing;
    }
    changed_ = true;
    return wanted;
  }

  int last_id_;
  bool case_sensitive_, strict_;
  bool changed_ = false;
};

}  // namespace

void evolve_schema(Session& session, Target& target, const DataType& incoming, bool strict) {
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    const iceberg::TableMetadata& metadata = target.metadata();
    types::Schema schema = metadata.schema();
    Union merged(metadata.last_column_id, session.conf().get_bool("spark.sql.caseSensitive"),
                 strict);
    schema.fields = merged.fields(std::move(schema.fields), incoming);
    if (!merged.changed()) return;
    iceberg::TableChange change;
    change.requirements = {iceberg::AssertTableUuid{metadata.table_uuid},
                           iceberg::AssertCurrentSchemaId{metadata.current_schema_id},
                           iceberg::AssertLastAssignedFieldId{metadata.last_column_id}};
    change.updates = {iceberg::AddSchema{std::move(schema)}, iceberg::SetCurrentSchema{-1}};
    const table::Reply reply = target.table.pointer().commit(change);
    if (reply.kind == table::ReplyKind::kUnknown)
      throw Error("COMMIT_UNKNOWN", {{"table", target.table.name()}, {"reason", reply.reason}});
    if (reply.kind == table::ReplyKind::kConflict && attempt == kAttempts)
      throw Error("COMMIT_CONFLICT", {{"table", target.table.name()}, {"reason", reply.reason}});
    target.table.refresh();
    refresh_head(target);
    if (reply.kind == table::ReplyKind::kCommitted) return;
  }
}

}  // namespace firn::session
