// Kernels as one DuckDB scalar function: binding, views over argument vectors, the result vector as
// an Output.
#include "engine/kernel_functions.h"

#include <charconv>
#include <utility>

#include "engine/chunk_body.h"
#include "engine/duck_types.h"
#include "engine/table_functions.h"
#include "engine/vector_output.h"

namespace firn::engine {
namespace {

using duckdb::idx_t;

struct KernelBinding final : duckdb::FunctionData {
  explicit KernelBinding(std::shared_ptr<const KernelCall> c) : call(std::move(c)) {}
  duckdb::unique_ptr<FunctionData> Copy() const override {
    return duckdb::make_uniq<KernelBinding>(call);
  }
  bool Equals(const FunctionData& other) const override {
    return call->same_computation(*other.Cast<KernelBinding>().call);
  }
  std::shared_ptr<const KernelCall> call;
};

struct KernelScratch final : duckdb::FunctionLocalState {
  kernels::Scratch scratch;
};

duckdb::unique_ptr<duckdb::FunctionLocalState> make_scratch(duckdb::ExpressionState&,
                                                            const duckdb::BoundFunctionExpression&,
                                                            duckdb::FunctionData*) {
  return duckdb::make_uniq<KernelScratch>();
}

size_t index_of_call(const std::string& label) {
  size_t index = 0;
  const size_t at = label.rfind('#');
  FIRN_CHECK(at != std::string::npos, "a kernel call without its index");
  std::from_chars(label.data() + at + 1, label.data() + label.size(), index);
  return index;
}

duckdb::unique_ptr<duckdb::FunctionData> bind_kernel(
    duckdb::ClientContext& context, duckdb::ScalarFunction& function,
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  const duckdb::Value label = duckdb::ExpressionExecutor::EvaluateScalar(context, *arguments[0]);
  const QueryState& state = QueryState::of(context);
  std::shared_ptr<const KernelCall> call =
      state.kernel_calls.at(index_of_call(duckdb::StringValue::Get(label)));
  duckdb::Function::EraseArgument(function, arguments, 0);
  for (size_t i = 0; i < arguments.size(); ++i) {
    arguments[i] = duckdb::BoundCastExpression::AddCastToType(context, std::move(arguments[i]),
                                                              call->arguments[i]);
  }
  function.arguments = call->arguments;
  function.varargs = duckdb::LogicalType(duckdb::LogicalTypeId::INVALID);
  function.SetReturnType(call->result);
  if (call->is_volatile) function.SetVolatile();
  if ((call->row->flags & kernels::kFallible) != 0) function.SetFallible();
  function.name = std::string(call->row->name);
  return duckdb::make_uniq<KernelBinding>(std::move(call));
}

// Calls f for each string vector in `vector`.
template <class F>
void each_string_vector(duckdb::Vector& vector, F&& f) {
  switch (vector.GetType().InternalType()) {
    case duckdb::PhysicalType::VARCHAR:
      f(vector);
      break;
    case duckdb::PhysicalType::LIST:
      each_string_vector(duckdb::ListVector::GetEntry(vector), f);
      break;
    case duckdb::PhysicalType::STRUCT:
      for (auto& child : duckdb::StructVector::GetEntries(vector)) each_string_vector(*child, f);
      break;
    default:
      break;
  }
}

// Result strings that are slices of the arguments' strings keep those alive.
void keep_arguments(duckdb::DataChunk& arguments, duckdb::Vector& result) {
  each_string_vector(result, [&](duckdb::Vector& target) {
    for (duckdb::Vector& argument : arguments.data) {
      each_string_vector(argument, [&](duckdb::Vector& source) {
        duckdb::StringVector::AddHeapReference(target, source);
      });
    }
  });
}

bool all_constant(const duckdb::DataChunk& arguments) {
  for (const duckdb::Vector& argument : arguments.data) {
    if (argument.GetVectorType() != duckdb::VectorType::CONSTANT_VECTOR) return false;
  }
  return true;
}

void run_kernel_rows(const KernelCall& call, kernels::Scratch& scratch,
                     duckdb::DataChunk& arguments, uint64_t rows, duckdb::Vector& result) {
  std::vector<kernels::ColumnView> views;
  views.reserve(arguments.ColumnCount());
  for (duckdb::Vector& argument : arguments.data) views.push_back(view_of(argument, rows));
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  VectorOutput out(result, rows);
  call.row->kernel(call.info, scratch, views, rows, out);
  if ((call.row->flags & kernels::kNullOnNull) != 0) {
    for (const kernels::ColumnView& view : views) {
      if (view.validity == nullptr) continue;
      for (uint64_t word = 0; word < (rows + 63) / 64; ++word)
        out.validity()[word] &= view.validity[word];
    }
  }
  if ((call.row->flags & kernels::kSlices) != 0) keep_arguments(arguments, result);
}

void execute_kernel(duckdb::DataChunk& arguments, duckdb::ExpressionState& state,
                    duckdb::Vector& result) {
  const auto& expression = state.expr.Cast<duckdb::BoundFunctionExpression>();
  const KernelCall& call = *expression.bind_info->Cast<KernelBinding>().call;
  auto& scratch =
      duckdb::ExecuteFunctionState::GetFunctionState(state)->Cast<KernelScratch>().scratch;
  const bool constant = all_constant(arguments) && (call.row->flags & kernels::kNotConstant) == 0 &&
                        !call.is_volatile;
  const auto body = [&] {
    run_kernel_rows(call, scratch, arguments, constant ? 1 : arguments.size(), result);
  };
  try {
    body();
  } catch (const Error& error) {
    const Error placed =
        call.origin && error.contexts().empty() ? error.with_context(*call.origin) : error;
    if (state.HasContext()) QueryState::of(state.GetContext()).remember(placed);
    throw duckdb::InvalidInputException(std::string(placed.what()));
  }
  if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

struct ParameterBinding final : duckdb::FunctionData {
  explicit ParameterBinding(uint64_t i) : index(i) {}
  duckdb::unique_ptr<FunctionData> Copy() const override {
    return duckdb::make_uniq<ParameterBinding>(index);
  }
  bool Equals(const FunctionData& other) const override {
    return index == other.Cast<ParameterBinding>().index;
  }
  uint64_t index;
};

duckdb::unique_ptr<duckdb::FunctionData> bind_parameter(
    duckdb::ClientContext& context, duckdb::ScalarFunction& function,
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  const uint64_t index =
      duckdb::ExpressionExecutor::EvaluateScalar(context, *arguments[0]).GetValue<uint64_t>();
  duckdb::Function::EraseArgument(function, arguments, 0);
  function.SetReturnType(QueryState::of(context).parameter_types.at(index));
  return duckdb::make_uniq<ParameterBinding>(index);
}

void read_parameter(duckdb::DataChunk&, duckdb::ExpressionState& state, duckdb::Vector& result) {
  const auto& expression = state.expr.Cast<duckdb::BoundFunctionExpression>();
  result.Reference(QueryState::of(state.GetContext())
                       .parameters.at(expression.bind_info->Cast<ParameterBinding>().index));
}

duckdb::unique_ptr<duckdb::FunctionData> bind_once(
    duckdb::ClientContext&, duckdb::ScalarFunction& function,
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  const duckdb::LogicalType type = arguments[0]->return_type;
  function.arguments = {type};
  function.SetReturnType(type);
  return nullptr;
}

void pass_on(duckdb::DataChunk& arguments, duckdb::ExpressionState&, duckdb::Vector& result) {
  result.Reference(arguments.data[0]);
}

}  // namespace

duckdb::unique_ptr<duckdb::ParsedExpression> call_kernel(
    QueryState& state, std::string_view name, kernels::CallInfo info,
    duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments,
    const std::optional<QueryContext>& origin, bool is_volatile) {
  auto call = std::make_shared<KernelCall>();
  call->row = kernels::find_kernel(name);
  if (call->row == nullptr) {
    throw Error("FIRN_INTERNAL", {{"what", "there is no kernel named " + std::string(name)}});
  }
  FIRN_CHECK(info.arguments.size() == arguments.size(),
             "a kernel call needs the type of each argument");
  for (const types::DataType& type : info.arguments) call->arguments.push_back(to_duckdb(type));
  call->result = to_duckdb(info.result);
  call->info = std::move(info);
  call->is_volatile = is_volatile;
  call->origin = origin;
  size_t index = 0;
  while (index < state.kernel_calls.size() &&
         (is_volatile || !state.kernel_calls[index]->same_computation(*call)))
    ++index;
  if (index == state.kernel_calls.size()) state.kernel_calls.push_back(call);
  const std::string label = std::string(name) + "#" + std::to_string(index);
  arguments.insert(arguments.begin(),
                   duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value(label)));
  return duckdb::make_uniq<duckdb::FunctionExpression>(kKernelFunction, std::move(arguments));
}

void register_kernels(duckdb::DatabaseInstance& instance) {
  duckdb::ScalarFunction function(
      kKernelFunction, {duckdb::LogicalType::VARCHAR}, duckdb::LogicalType::ANY, execute_kernel,
      bind_kernel, nullptr, nullptr, make_scratch, duckdb::LogicalType::ANY,
      duckdb::FunctionStability::CONSISTENT, duckdb::FunctionNullHandling::SPECIAL_HANDLING);
  register_scalar_function(instance, std::move(function));
  // Volatile, so that planning does not take one run's value for a constant.
  duckdb::ScalarFunction parameter(kParameterFunction, {duckdb::LogicalType::UBIGINT},
                                   duckdb::LogicalType::ANY, read_parameter, bind_parameter);
  parameter.SetVolatile();
  register_scalar_function(instance, std::move(parameter));
  duckdb::ScalarFunction once(kOnceFunction, {duckdb::LogicalType::ANY}, duckdb::LogicalType::ANY,
                              pass_on, bind_once);
  once.SetNullHandling(duckdb::FunctionNullHandling::SPECIAL_HANDLING);
  once.SetVolatile();
  register_scalar_function(instance, std::move(once));
}

}  // namespace firn::engine
