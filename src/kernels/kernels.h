// Every file of kernels and its rows; kernel.cc makes one index of them.
#pragma once

#include <span>

#include "kernels/kernel.h"

namespace firn::kernels {

std::span<const KernelRow> arithmetic_kernels();

}  // namespace firn::kernels
