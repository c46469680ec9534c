// sequence(): numbers, dates and timestamps by a step.
#include "base/error.h"
#include "kernels/calendar.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/nested.h"
#include "kernels/zone_scratch.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using types::DataTypeId;

// ---- sequence
void sequence(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  const types::DataType& element = info.result.element();
  const bool days = element.id() == DataTypeId::kDate,
             time = element.id() == DataTypeId::kTimestamp ||
                    element.id() == DataTypeId::kTimestampNtz;
  const bool months = in.size() > 2 && info.arguments[2].id() == DataTypeId::kYearMonthInterval;
  const TimeZone* zone = element.id() == DataTypeId::kTimestamp ? &zone_of(info, scratch) : nullptr;
  std::vector<int64_t> values;
  const Reader<AnyInt> starts(in[0]), stops(in[1]);
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = values.size();
    if (all_valid(in, row)) {
      const int64_t start = starts[row].value, stop = stops[row].value;
      int64_t step = in.size() > 2 ? Reader<AnyInt>(in[2])[row].value
                                   : (start <= stop ? 1 : -1) * (time ? kMicrosPerDay : 1);
      if (days && in.size() > 2 && !months) step /= kMicrosPerDay;
      if ((step == 0 && start != stop) || (step > 0 && start > stop) ||
          (step < 0 && start < stop)) {
        throw_invalid("sequence: the step " + std::to_string(step) + " does not lead from " +
                      std::to_string(start) + " to " + std::to_string(stop) + ".");
      }
      const auto value_at = [&](int64_t n) {
        if (!months && !(time && step % kMicrosPerDay == 0 && zone != nullptr))
          return start + n * step;
        if (months && days) return add_months(start, n * step);
        const int64_t wall = zone == nullptr ? start : zone->to_local(start);
        const int64_t moved =
            months ? add_months(floor_div(wall, kMicrosPerDay), n * step) * kMicrosPerDay +
                         floor_mod(wall, kMicrosPerDay)
                   : wall + n * step;
        return zone == nullptr ? moved : zone->to_utc(moved);
      };
      for (int64_t n = 0;; ++n) {
        const int64_t value = value_at(n);
        if (step >= 0 ? value > stop : value < stop) break;
        values.push_back(value);
        if (values.size() - begin > 100'000'000)
          throw_invalid("sequence: more than 100,000,000 elements.");
        if (step == 0) break;
      }
    } else {
      out.set_null(row);
    }
    out.values<ListEntry>()[row] = {begin, values.size() - begin};
  }
  out.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) write(out.child(0), i, AnyInt{values[i]});
}

constexpr KernelRow kRowsOfSequence[] = {
    {"sequence", sequence, kFallible},
};

}  // namespace

std::span<const KernelRow> sequence_kernels() { return kRowsOfSequence; }

}  // namespace firn::kernels
