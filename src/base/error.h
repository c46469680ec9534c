// The one exception type of firn and its door to the table of error conditions
// (base/conditions.cc).
#pragma once

#include <exception>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace firn {

// What a caller may branch on. Text is for people only.
enum class Code {
  kInvalidInput,  // the user's text, option or data is wrong
  kNotFound,
  kAlreadyExists,
  kUnsupported,     // a feature that firn does not have (yet); the message names it
  kConflict,        // somebody else changed the thing; a retry with fresh state may succeed
  kCorrupt,         // a file or message breaks its specification
  kIo,              // a file, disk or socket failed
  kUnavailable,     // a service does not answer
  kUnknownOutcome,  // a commit may or may not have happened: never clean up, never assume
  kCancelled,
  kResource,  // memory, disk or depth bound
  kPermission,
  kInternal,  // our bug
};

// A place in a query's text. line and column start at 1; start and stop are byte offsets, stop
// exclusive.
struct TextPosition {
  int line = 0;
  int column = 0;
  size_t start = 0;
  size_t stop = 0;
};

struct QueryContext {
  TextPosition position;
  std::string fragment;  // the text between start and stop
};

using Params = std::map<std::string, std::string>;

// One row of the table: Spark's error class (or ours), its SQLSTATE and its message with <param>
// slots.
struct Condition {
  std::string_view name;  // e.g. "TABLE_OR_VIEW_NOT_FOUND" or "CAST_INVALID_INPUT"
  Code code;
  std::string_view sqlstate;  // "" where there is none
  std::string_view message;   // "The table <relationName> cannot be found. …"
};

// nullptr where no row has that name.
const Condition* find_condition(std::string_view name);

class Error : public std::exception {
 public:
  // `condition` must name a row; every <slot> of its message must be in `params` (checked).
  explicit Error(std::string_view condition, Params params = {},
                 std::vector<QueryContext> contexts = {});

  Code code() const { return condition_->code; }
  std::string_view condition() const { return condition_->name; }
  std::string_view sqlstate() const { return condition_->sqlstate; }
  const Params& params() const { return params_; }
  const std::vector<QueryContext>& contexts() const { return contexts_; }
  // The message with slots filled, without condition name and SQLSTATE.
  std::string message() const;
  // "[CONDITION] message SQLSTATE: xxxxx", as Spark prints it.
  const char* what() const noexcept override { return what_.c_str(); }
  Error with_context(QueryContext context) const;

 private:
  const Condition* condition_;
  Params params_;
  std::vector<QueryContext> contexts_;
  std::string what_;
};

// Shorthands for the conditions of ours that carry one free text each.
[[noreturn]] void throw_corrupt(std::string what);      // FIRN_CORRUPT_FILE
[[noreturn]] void throw_unsupported(std::string what);  // UNSUPPORTED_FEATURE.FIRN
[[noreturn]] void throw_io(std::string what);           // FIRN_IO
[[noreturn]] void throw_invalid(std::string what);      // FIRN_INVALID_INPUT

[[noreturn]] void check_failed(const char* expression, const char* why, const char* file, int line);

}  // namespace firn

// For our own bugs; on in release builds too. Throws Error{kInternal}.
#define FIRN_CHECK(condition, why) \
  ((condition) ? (void)0 : ::firn::check_failed(#condition, why, __FILE__, __LINE__))
