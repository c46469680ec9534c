// See flow_checkpoint.h.
#include "stream/flow_checkpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/log.h"

namespace firn::stream {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kFlowsFile = "/firn/flows";
constexpr std::string_view kIdentity = "/metadata";

std::string folder_list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool has_flow(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A query that ran before, as its checkpoint's folder knows it.
struct EarlierQuery {
  std::string name;  // of the folder: a flow's
  std::vector<std::string> flows;
};

std::vector<std::string> read_flows(files::FileStore& store, const std::string& uri) {
  const Json json = Json::parse(store.read_all(uri), nullptr, false);
  std::vector<std::string> flows;
  if (!json.is_array()) return flows;
  for (const Json& flow : json)
    if (flow.is_string()) flows.push_back(flow.get<std::string>());
  return flows;
}

std::vector<EarlierQuery> earlier_queries(files::FileStore& store, const std::string& base) {
  std::vector<EarlierQuery> queries;
  for (const files::FileInfo& file : store.list(base)) {
    if (!file.uri.ends_with(kFlowsFile)) continue;
    const std::string folder = file.uri.substr(0, file.uri.size() - kFlowsFile.size());
    if (!store.stat(folder + std::string(kIdentity))) continue;
    queries.push_back({folder.substr(folder.find_last_of('/') + 1), read_flows(store, file.uri)});
  }
  return queries;
}

// None of the flows names a checkpoint. One of them may still have been part of a query.
void check_unnamed(files::FileStore& store, const std::string& base,
                   const std::vector<std::string>& flows, const std::vector<std::string>& all) {
  for (const EarlierQuery& earlier : earlier_queries(store, base)) {
    const auto moved = std::find_if(flows.begin(), flows.end(), [&](const std::string& flow) {
      return has_flow(earlier.flows, flow);
    });
    if (moved == flows.end()) continue;
    if (has_flow(all, earlier.name)) {
      log_warn(
          "flow {} was part of query {}; it reads another source now, and begins at its "
          "starting offsets",
          *moved, earlier.name);
      continue;
    }
    const std::string folder = files::join_uri(base, earlier.name);
    throw_invalid(
        "flow " + *moved + " has filled its table so far as part of query " + earlier.name +
        ", after which the checkpoint is named, and the file has no flow " + earlier.name +
        " any more. With a new checkpoint everything would be read again. " +
        "To go on, rename the folder " + folder + " to " + files::join_uri(base, flows.front()) +
        "; to begin anew, remove it");
  }
}

}  // namespace

std::string flow_with_checkpoint(files::FileStore& store, const std::string& base,
                                 const std::vector<std::string>& flows,
                                 const std::vector<std::string>& all) {
  std::vector<std::string> found, folders;
  for (const std::string& flow : flows) {
    const std::string folder = files::join_uri(base, flow);
    if (!store.stat(folder + std::string(kIdentity))) continue;
    found.push_back(flow);
    folders.push_back(folder);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    check_unnamed(store, base, flows, all);
    return flows.front();
  }
  throw_invalid("flows that read the same source form one query with one checkpoint, and " +
                std::to_string(found.size()) + " of them have one: " + folder_list(folders) +
                ". Move away all but the one to go on from; rows that the others have already "
                "read beyond it would come again");
}

void note_flows(files::FileStore& store, const std::string& checkpoint,
                const std::vector<std::string>& flows) {
  const std::string uri = checkpoint + std::string(kFlowsFile);
  if (store.stat(uri) && read_flows(store, uri) == flows) return;
  auto file = store.create(uri, files::WriteMode::kOverwrite);
  file->write(Json(flows).dump());
  file->finish();
}

}  // namespace firn::stream
