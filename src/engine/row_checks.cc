// See row_checks.h.
#include "engine/row_checks.h"

#include <cstring>
#include <string>

#include "base/error.h"
#include "engine/chunk_body.h"
#include "kernels/utf8_repair.h"

namespace firn::engine {
namespace {

using duckdb::idx_t;

// Which rows of a vector stand for values: one byte a row; empty: all of them. Rows below a NULL,
// and elements that no list refers to, may hold anything.
using Present = std::vector<uint8_t>;

bool is_present(const Present& present, idx_t row) { return present.empty() || present[row] != 0; }

bool demands_something(const types::Field& field) {
  if (field.required || field.type.id() == types::TypeId::kFixed) return true;
  if (!field.type.is_nested()) return false;
  for (const types::Field& child : field.type.fields())
    if (demands_something(child)) return true;
  return false;
}

[[noreturn]] void throw_null(const std::string& column) {
  throw Error("NOT_NULL_ASSERT_VIOLATION", {{"walkedTypePath", "\n" + column + "\n"}});
}

void check_required(const types::Field& field, const duckdb::Vector& vector, idx_t rows,
                    const Present& present, const std::string& column) {
  const duckdb::ValidityMask& validity = duckdb::FlatVector::Validity(vector);
  if (!field.required || validity.AllValid()) return;
  for (idx_t row = 0; row < rows; ++row)
    if (!validity.RowIsValid(row) && is_present(present, row)) throw_null(column);
}

void check_lengths(const types::Field& field, const duckdb::Vector& vector, idx_t rows,
                   const Present& present, const std::string& column) {
  const duckdb::ValidityMask& validity = duckdb::FlatVector::Validity(vector);
  const auto* values = duckdb::FlatVector::GetData<duckdb::string_t>(vector);
  const auto length = static_cast<idx_t>(field.type.length());
  for (idx_t row = 0; row < rows; ++row) {
    if (!validity.RowIsValid(row) || !is_present(present, row)) continue;
    if (values[row].GetSize() != length)
      throw_invalid("Column " + column + " takes values of " + std::to_string(length) + " bytes (" +
                    field.type.to_string() + "); one of " + std::to_string(values[row].GetSize()) +
                    " bytes was to be written");
  }
}

Present present_below(const duckdb::Vector& vector, idx_t rows, const Present& present) {
  const duckdb::ValidityMask& validity = duckdb::FlatVector::Validity(vector);
  if (validity.AllValid()) return present;
  Present below(rows);
  for (idx_t row = 0; row < rows; ++row)
    below[row] = validity.RowIsValid(row) && is_present(present, row);
  return below;
}

Present present_elements(const duckdb::Vector& list, idx_t rows, idx_t elements,
                         const Present& present) {
  const duckdb::ValidityMask& validity = duckdb::FlatVector::Validity(list);
  const auto* entries = duckdb::FlatVector::GetData<duckdb::list_entry_t>(list);
  Present below(elements);
  for (idx_t row = 0; row < rows; ++row) {
    if (!validity.RowIsValid(row) || !is_present(present, row)) continue;
    if (entries[row].length > 0)
      std::memset(below.data() + entries[row].offset, 1, entries[row].length);
  }
  return below;
}

// `vector` is flat, with all below it.
void check_column(const types::Field& field, duckdb::Vector& vector, idx_t rows,
                  const Present& present, const std::string& column) {
  if (rows == 0 || !demands_something(field)) return;
  check_required(field, vector, rows, present, column);
  switch (field.type.id()) {
    case types::TypeId::kFixed:
      return check_lengths(field, vector, rows, present, column);
    case types::TypeId::kStruct: {
      const Present below = present_below(vector, rows, present);
      const auto& children = duckdb::StructVector::GetEntries(vector);
      for (size_t i = 0; i < field.type.fields().size(); ++i) {
        const types::Field& child = field.type.fields()[i];
        check_column(child, *children[i], rows, below, column + "." + child.name);
      }
      return;
    }
    case types::TypeId::kList:
    case types::TypeId::kMap: {
      const idx_t elements = duckdb::ListVector::GetListSize(vector);
      duckdb::Vector& below = duckdb::ListVector::GetEntry(vector);
      below.Flatten(elements);
      const Present there = present_elements(vector, rows, elements, present);
      if (field.type.id() == types::TypeId::kList) {
        check_column(field.type.element(), below, elements, there, column + ".element");
        return;
      }
      const auto& entries = duckdb::StructVector::GetEntries(below);
      check_column(field.type.key(), *entries[0], elements, there, column + ".key");
      check_column(field.type.value(), *entries[1], elements, there, column + ".value");
      return;
    }
    default:
      return;
  }
}

bool has_text(const types::Type& type) {
  if (type.id() == types::TypeId::kString) return true;
  if (!type.is_nested()) return false;
  for (const types::Field& child : type.fields())
    if (has_text(child.type)) return true;
  return false;
}

// Calls `visit` for each vector of texts at or below `vector`, flat.
template <class Visit>
void walk_texts(duckdb::Vector& vector, idx_t rows, const Present& present, const Visit& visit) {
  switch (vector.GetType().id()) {
    case duckdb::LogicalTypeId::VARCHAR:
      flatten(vector, rows);
      return visit(vector, rows, present);
    case duckdb::LogicalTypeId::STRUCT: {
      vector.Flatten(rows);
      const Present below = present_below(vector, rows, present);
      for (const auto& child : duckdb::StructVector::GetEntries(vector))
        walk_texts(*child, rows, below, visit);
      return;
    }
    case duckdb::LogicalTypeId::LIST:
    case duckdb::LogicalTypeId::MAP: {
      vector.Flatten(rows);
      const idx_t elements = duckdb::ListVector::GetListSize(vector);
      if (elements == 0) return;
      const Present there = present_elements(vector, rows, elements, present);
      return walk_texts(duckdb::ListVector::GetEntry(vector), elements, there, visit);
    }
    default:
      return;
  }
}

bool is_ascii(const char* text, idx_t size) {
  constexpr idx_t kWord = sizeof(uint64_t);
  const auto word_at = [&](idx_t at) {
    uint64_t word;
    std::memcpy(&word, text + at, kWord);
    return word;
  };
  uint64_t bits = 0;
  idx_t at = 0;
  for (; at + 4 * kWord <= size; at += 4 * kWord)
    bits |= word_at(at) | word_at(at + kWord) | word_at(at + 2 * kWord) | word_at(at + 3 * kWord);
  for (; at + kWord <= size; at += kWord) bits |= word_at(at);
  if (size >= kWord) {
    bits |= word_at(size - kWord);  // the rest, and what was seen of its word
  } else {
    for (; at < size; ++at) bits |= static_cast<uint8_t>(text[at]);
  }
  return (bits & 0x8080808080808080) == 0;
}

bool is_broken(const duckdb::string_t& text) {
  return !is_ascii(text.GetData(), text.GetSize()) &&
         !kernels::is_valid_utf8({text.GetData(), text.GetSize()});
}

// Calls `found` with each text of a flat vector that is not UTF-8.
template <class Found>
void each_broken(duckdb::Vector& texts, idx_t rows, const Present& present, const Found& found) {
  const duckdb::ValidityMask& validity = duckdb::FlatVector::Validity(texts);
  auto* const values = duckdb::FlatVector::GetData<duckdb::string_t>(texts);
  for (idx_t row = 0; row < rows; ++row)
    if (validity.RowIsValid(row) && is_present(present, row) && is_broken(values[row]))
      found(values[row]);
}

// Parquet's strings are UTF-8, and readers refuse a whole file for one that is not. The vector's
// memory may be shared with others: what is changed is a copy.
void repair_texts(duckdb::Vector& column, idx_t rows) {
  bool broken = false;
  walk_texts(column, rows, {}, [&](duckdb::Vector& texts, idx_t count, const Present& present) {
    each_broken(texts, count, present, [&](duckdb::string_t&) { broken = true; });
  });
  if (!broken) return;
  duckdb::Vector repaired(column.GetType(), rows);
  duckdb::VectorOperations::Copy(column, repaired, rows, 0, 0);
  walk_texts(repaired, rows, {}, [&](duckdb::Vector& texts, idx_t count, const Present& present) {
    each_broken(texts, count, present, [&](duckdb::string_t& text) {
      kernels::Arena arena;
      const auto good = kernels::replace_broken_utf8({text.GetData(), text.GetSize()}, arena);
      text = duckdb::StringVector::AddString(texts, good.data(), good.size());
    });
  });
  column.Reference(repaired);
}

void convert_children(duckdb::ClientContext& context, duckdb::Vector& from, duckdb::Vector& to,
                      idx_t rows, const std::string& column) {
  from.Flatten(rows);
  duckdb::FlatVector::SetValidity(to, duckdb::FlatVector::Validity(from));
  if (to.GetType().InternalType() == duckdb::PhysicalType::STRUCT) {
    const auto& children = duckdb::StructVector::GetEntries(from);
    const auto& made = duckdb::StructVector::GetEntries(to);
    const auto& names = duckdb::StructType::GetChildTypes(to.GetType());
    for (size_t i = 0; i < children.size(); ++i)
      convert_column(context, *children[i], *made[i], rows, column + "." + names[i].first);
    return;
  }
  const idx_t elements = duckdb::ListVector::GetListSize(from);
  std::memcpy(duckdb::FlatVector::GetData<duckdb::list_entry_t>(to),
              duckdb::FlatVector::GetData<duckdb::list_entry_t>(from),
              rows * sizeof(duckdb::list_entry_t));
  duckdb::ListVector::Reserve(to, elements);
  duckdb::ListVector::SetListSize(to, elements);
  convert_column(context, duckdb::ListVector::GetEntry(from), duckdb::ListVector::GetEntry(to),
                 elements, column);
}

// A day's end is no time of day, though DuckDB takes it for one.
void check_times(const duckdb::Vector& times, idx_t rows, const std::string& column) {
  const duckdb::ValidityMask& validity = duckdb::FlatVector::Validity(times);
  const auto* values = duckdb::FlatVector::GetData<duckdb::dtime_t>(times);
  for (idx_t row = 0; row < rows; ++row) {
    if (validity.RowIsValid(row) && values[row].micros >= duckdb::Interval::MICROS_PER_DAY)
      throw_invalid("Column " + column + " takes times of day from 00:00:00 to 23:59:59.999999");
  }
}

}  // namespace

RowChecks::RowChecks(const types::Schema& schema) {
  for (const types::Field& field : schema.fields) {
    types::Field below = field;
    below.required = false;
    columns_.push_back({field, demands_something(below), has_text(field.type)});
  }
}

void RowChecks::check(duckdb::DataChunk& rows) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    if (column.looks_inside) {
      rows.data[i].Flatten(rows.size());
      check_column(column.field, rows.data[i], rows.size(), {}, column.field.name);
    } else if (column.field.required &&
               duckdb::VectorOperations::HasNull(rows.data[i], rows.size())) {
      throw_null(column.field.name);
    }
    if (column.has_text) repair_texts(rows.data[i], rows.size());
  }
}

bool same_layout(const duckdb::LogicalType& a, const duckdb::LogicalType& b) {
  if (a.InternalType() != b.InternalType()) return false;
  if ((a.id() == duckdb::LogicalTypeId::UUID) != (b.id() == duckdb::LogicalTypeId::UUID))
    return false;
  switch (a.InternalType()) {
    case duckdb::PhysicalType::LIST:
      return same_layout(duckdb::ListType::GetChildType(a), duckdb::ListType::GetChildType(b));
    case duckdb::PhysicalType::STRUCT: {
      const auto& left = duckdb::StructType::GetChildTypes(a);
      const auto& right = duckdb::StructType::GetChildTypes(b);
      if (left.size() != right.size()) return false;
      for (size_t i = 0; i < left.size(); ++i) {
        if (!same_layout(left[i].second, right[i].second)) return false;
      }
      return true;
    }
    default:
      return true;
  }
}

void convert_column(duckdb::ClientContext& context, duckdb::Vector& from, duckdb::Vector& to,
                    idx_t rows, const std::string& column) {
  if (same_layout(from.GetType(), to.GetType())) {
    to.Reinterpret(from);
    return;
  }
  if (from.GetType().IsNested() && from.GetType().InternalType() == to.GetType().InternalType())
    return convert_children(context, from, to, rows, column);
  std::string reason;
  if (!duckdb::VectorOperations::TryCast(context, from, to, rows, &reason))
    throw_invalid("Column " + column + " cannot take a value: " + reason);
  if (to.GetType().id() == duckdb::LogicalTypeId::TIME) {
    to.Flatten(rows);
    check_times(to, rows, column);
  }
}

}  // namespace firn::engine
