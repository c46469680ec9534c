// Expressions nest as deep as their authors like: a chain of 20,000 additions is a tree of that
// depth, which the parser builds without recursion. What recurses over it asks here first.
#pragma once

namespace firn::plan {

// Throws FAILED_TO_PARSE_TOO_COMPLEX where little of the thread's stack is left.
void check_stack();

}  // namespace firn::plan
