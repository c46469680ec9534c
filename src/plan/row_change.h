// What UPDATE and MERGE write for a row: values of all the table's columns, made of assignments.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/resolve.h"

namespace firn::plan {

// A value as INSERT would store it into `field`; `table`: for messages, "" as Spark has it for
// UPDATE and MERGE. Error INCOMPATIBLE_DATA_FOR_TABLE.*.
ExprPtr stored_value(const ExprPtr& value, const types::StructField& field, bool by_name,
                     const std::string& table, const ResolveOptions&, IdSource&);

struct ResolvedAssignment {
  std::vector<std::string> column;  // of the table, nested fields below
  ExprPtr value;                    // resolved
};

// The row after the assignments: one value a column of `current` (the table's columns, in order).
// Assigned nested fields rebuild their struct. Error DATATYPE_MISMATCH.
// INVALID_ROW_LEVEL_OPERATION_ASSIGNMENTS where two assignments meet in one field,
// UNRESOLVED_COLUMN where there is no such column.
std::vector<ExprPtr> updated_row(const std::vector<Attribute>& current,
                                 const types::DataType& table,
                                 const std::vector<ResolvedAssignment>&, const ResolveOptions&,
                                 IdSource&);

// A new row of the assigned columns; the others are NULL (an error where they must not be).
std::vector<ExprPtr> inserted_row(const types::DataType& table,
                                  const std::vector<ResolvedAssignment>&, const ResolveOptions&,
                                  IdSource&);

// As to_iceberg_predicate, but only where it says exactly what the condition says.
std::optional<types::Predicate> exact_iceberg_predicate(const Expr& condition,
                                                        const std::vector<ScanColumn>& columns);

// DEFAULT, written alone as a value.
bool is_default_keyword(const Expr& expr);

}  // namespace firn::plan
