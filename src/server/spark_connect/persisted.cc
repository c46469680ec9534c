// Persisted relations are found in a plan by comparing messages.
#include "server/spark_connect/persisted.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <spark/connect/relations.pb.h>

#include <vector>

#include "server/spark_connect/execute.h"

namespace firn::server::spark_connect {
namespace {

namespace sc = ::spark::connect;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Calls `visit` for each Relation in `message`, outermost first; where it says true, not for those
// within.
template <class Visit>
void each_relation(Message& message, const Visit& visit) {
  if (auto* const relation = dynamic_cast<sc::Relation*>(&message)) {
    if (visit(*relation)) return;
  }
  const auto* const reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      each_relation(*reflection->MutableMessage(&message, field), visit);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i)
      each_relation(*reflection->MutableRepeatedMessage(&message, field, i), visit);
  }
}

std::string remote_id(const std::string& print) {
  return "persisted-" + std::to_string(std::hash<std::string>()(print)) + "-" +
         std::to_string(print.size());
}

void materialize(ClientSession& session, const std::string& print, Persisted& persisted) {
  if (persisted.rows) return;
  sc::Relation message;
  FIRN_CHECK(message.ParseFromString(print), "a fingerprint is a message");
  const plan::RelationPtr plan = session.session().resolve(relation(message, session));
  persisted.columns = plan->output;
  persisted.rows = collect(session, plan, {});
  session.keep_remote(remote_id(print), persisted.rows, columns_of(plan->output));
}

}  // namespace

std::string fingerprint(const sc::Relation& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream sink(&bytes);
    google::protobuf::io::CodedOutputStream coded(&sink);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

bool replace_persisted(ClientSession& session, const sc::Relation& message, sc::Relation& out) {
  std::map<std::string, Persisted>& persisted = session.persisted();
  out = message;
  bool replaced = false;
  each_relation(out, [&](sc::Relation& part) {
    const size_t size = part.ByteSizeLong();
    for (auto& [print, row] : persisted) {
      if (print.size() != size || fingerprint(part) != print) continue;
      materialize(session, print, row);
      part.mutable_cached_remote_relation()->set_relation_id(remote_id(print));
      replaced = true;
      return true;
    }
    return false;
  });
  return replaced;
}

void forget_rows(ClientSession& session) {
  for (auto& [print, row] : session.persisted()) {
    session.drop_remote(remote_id(print));
    row.rows.reset();
  }
}

}  // namespace firn::server::spark_connect
