// The index of all kernels by name.
#include "kernels/kernel.h"

#include <unordered_map>

#include "kernels/kernels.h"

namespace firn::kernels {
namespace {

using Source = std::span<const KernelRow> (*)();
constexpr Source kSources[] = {
    arithmetic_kernels,     cast_kernels,       string_kernels,   pattern_kernels,
    math_kernels,           hash_kernels,       datetime_kernels, datetime_text_kernels,
    json_kernels,           collection_kernels, code_kernels,     array_kernels,
    array_order_kernels,    map_kernels,        sequence_kernels, generator_kernels,
    number_pattern_kernels, text_part_kernels,  cipher_kernels,   csv_kernels,
    gathered_kernels,       kll_kernels,        xml_kernels,      theta_kernels,
    random_kernels,         xpath_kernels,      zorder_kernels,
};

}  // namespace

std::vector<const KernelRow*> all_kernels() {
  std::vector<const KernelRow*> rows;
  for (const Source source : kSources) {
    for (const KernelRow& row : source()) rows.push_back(&row);
  }
  return rows;
}

const KernelRow* find_kernel(std::string_view name) {
  static const auto index = [] {
    std::unordered_map<std::string_view, const KernelRow*> rows;
    for (const KernelRow* row : all_kernels()) rows.emplace(row->name, row);
    return rows;
  }();
  const auto found = index.find(name);
  return found == index.end() ? nullptr : found->second;
}

}  // namespace firn::kernels
