// A predicate prepared for many files' bounds: columns are looked up once, not a file.
#pragma once

#include <span>
#include <vector>

#include "types/predicate.h"

namespace firn::types {

// The same answers as may_match(), at a fraction of the cost. `schema` outlives this.
class BoundsFilter {
 public:
  BoundsFilter(const Predicate& predicate, const Schema& schema);

  // The columns whose bounds are looked at, in the order in which may_match() wants them. Columns
  // that tell nothing (unknown, in lists or maps) are not among them.
  const std::vector<Field>& columns() const { return columns_; }
  // False only where no row of a file with these bounds can match; nullptr: nothing is known.
  bool may_match(std::span<const ColumnBounds* const> bounds) const {
    return answer(predicate_, bounds);
  }

 private:
  // field_id of a leaf becomes the column's position, -1 where it tells nothing.
  void bind(Predicate& predicate, const Schema& schema);
  bool answer(const Predicate& predicate, std::span<const ColumnBounds* const> bounds) const;

  Predicate predicate_;
  std::vector<Field> columns_;
};

}  // namespace firn::types
