// Every file of kernels and its rows; kernel.cc makes one index of them.
#pragma once

#include <span>

#include "kernels/kernel.h"

namespace firn::kernels {

std::span<const KernelRow> arithmetic_kernels();
std::span<const KernelRow> cast_kernels();
std::span<const KernelRow> string_kernels();
std::span<const KernelRow> pattern_kernels();
std::span<const KernelRow> math_kernels();
std::span<const KernelRow> hash_kernels();
std::span<const KernelRow> datetime_kernels();
std::span<const KernelRow> datetime_text_kernels();
std::span<const KernelRow> json_kernels();
std::span<const KernelRow> collection_kernels();
std::span<const KernelRow> array_kernels();
std::span<const KernelRow> array_order_kernels();
std::span<const KernelRow> map_kernels();
std::span<const KernelRow> sequence_kernels();
std::span<const KernelRow> generator_kernels();
std::span<const KernelRow> number_pattern_kernels();
std::span<const KernelRow> text_part_kernels();
std::span<const KernelRow> cipher_kernels();
std::span<const KernelRow> csv_kernels();
std::span<const KernelRow> code_kernels();
std::span<const KernelRow> gathered_kernels();
std::span<const KernelRow> kll_kernels();
std::span<const KernelRow> theta_kernels();
std::span<const KernelRow> random_kernels();
std::span<const KernelRow> xpath_kernels();
std::span<const KernelRow> xml_kernels();
std::span<const KernelRow> zorder_kernels();

}  // namespace firn::kernels
