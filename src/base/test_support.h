// What the unit tests of several modules share. Only *_test.cc files and their fixtures include it.
#pragma once

#include <functional>

#include <gtest/gtest.h>

#include "base/error.h"

namespace firn {

// The error that `action` throws; a test failure if it throws none.
inline Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error("FIRN_INTERNAL", {{"what", "nothing was thrown"}});
}

}  // namespace firn
