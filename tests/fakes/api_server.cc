// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/api_server.h"

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "httplib.h"
#include "nlohmann/json.hpp"
#include "tests/fakes/test_certificates.h"

namespace nodespan::testing {
namespace {

using Json = nlohmann::json;

// Watches hold a thread each.
constexpr size_t kThreads = 16;
constexpr int kFirstVersion = 1000;

struct Event {
  int version = 0;
  std::string node_name;  // empty: for all
  std::string line;
};

// One kind of objects: what there is, and what happened to it.
struct Resource {
  struct Stored {
    std::string node_name;
    Json object;
  };
  const char* list_kind = "";
  bool is_served = true;
  bool is_forbidden = false;
  std::map<std::string, Stored> objects;  // by uid or name
  std::vector<Event> events;
  ApiServer::Requests requests;
};

Json ToObject(const ApiServerPod& pod, int version) {
  Json status = {{"name", pod.container_name}, {"restartCount", 0}, {"image", pod.image}, {"imageID", ""}};
  if (!pod.container_id.empty()) {
    status["containerID"] = "containerd://" + pod.container_id;
    status["imageID"] = "registry.example/shop@sha256:0123";
  }
  return {{"kind", "Pod"},
          {"apiVersion", "v1"},
          {"metadata",
           {{"name", pod.name},
            {"namespace", pod.namespace_name},
            {"uid", pod.uid},
            {"resourceVersion", std::to_string(version)},
            {"labels", pod.labels},
            {"annotations", pod.annotations},
            {"managedFields", Json::array({{{"manager", "kubelet"}}})}}},
          {"spec",
           {{"nodeName", pod.node_name},
            {"containers", Json::array({{{"name", pod.container_name}, {"image", pod.image}}})}}},
          {"status",
           {{"phase", "Running"},
            {"podIP", "10.0.0.1"},
            {"startTime", "2026-01-02T03:04:05Z"},
            {"containerStatuses", Json::array({status})}}}};
}

Json ToObject(const std::string& name, const std::map<std::string, std::string>& annotations, int version) {
  return {{"kind", "Namespace"},
          {"apiVersion", "v1"},
          {"metadata",
           {{"name", name},
            {"uid", "uid-of-" + name},
            {"resourceVersion", std::to_string(version)},
            {"labels", {{"kubernetes.io/metadata.name", name}}},
            {"annotations", annotations},
            {"managedFields", Json::array({{{"manager", "kubectl"}}})}}},
          {"spec", {{"finalizers", Json::array({"kubernetes"})}}},
          {"status", {{"phase", "Active"}}}};
}

Json ToObject(const std::string& namespace_name, const std::string& name, const std::string& spec_json, int version) {
  return {{"kind", "Instrumentation"},
          {"apiVersion", "opentelemetry.io/v1alpha1"},
          {"metadata",
           {{"name", name},
            {"namespace", namespace_name},
            {"uid", "uid-of-" + name},
            {"resourceVersion", std::to_string(version)},
            {"managedFields", Json::array({{{"manager", "kubectl"}}})}}},
          {"spec", Json::parse(spec_json)}};
}

std::string Line(const char* type, const Json& object) {
  return Json({{"type", type}, {"object", object}}).dump() + "\n";
}

std::string GoneLine() {
  return Line("ERROR", {{"kind", "Status"}, {"code", 410}, {"reason", "Expired"}, {"message", "too old version"}});
}

bool IsOf(const std::string& node_name, const std::string& asked_for) {
  return asked_for.empty() || node_name.empty() || node_name == asked_for;
}

// The value behind "spec.nodeName=" of a field selector; empty: there is none.
std::string NodeOf(const httplib::Request& request) {
  const std::string selector = request.get_param_value("fieldSelector");
  return selector.substr(std::min(selector.size(), selector.find('=') + 1));
}

}  // namespace

struct ApiServer::State {
  const TestCa ca{"fake cluster"};
  std::filesystem::path folder;
  int port = 0;
  std::unique_ptr<httplib::SSLServer> server;
  std::thread thread;

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::string token = "first-token";
  Resource pods{.list_kind = "PodList"};
  Resource namespaces{.list_kind = "NamespaceList"};
  Resource instrumentations{.list_kind = "InstrumentationList", .is_served = false};
  int version = kFirstVersion;
  int oldest_version = kFirstVersion;
  Fault fault = Fault::kNone;
  // A watch ends when the number for its way of ending is higher than when it began.
  int ends = 0;
  int breaks = 0;
  bool is_stopping = false;
  size_t refused_count = 0;

  // With `mutex`.
  void Put(Resource& resource, const std::string& key, const std::string& node_name, Json object) {
    const bool is_new = !resource.objects.contains(key);
    resource.events.push_back({version, node_name, Line(is_new ? "ADDED" : "MODIFIED", object)});
    resource.objects[key] = {node_name, std::move(object)};
    changed.notify_all();
  }
  void Delete(Resource& resource, const std::string& key) {
    auto node = resource.objects.extract(key);
    if (!node.empty()) {
      ++version;
      Json& object = node.mapped().object;
      object["metadata"]["resourceVersion"] = std::to_string(version);
      resource.events.push_back({version, node.mapped().node_name, Line("DELETED", object)});
      changed.notify_all();
    }
  }
  void Send(Resource& resource, const std::string& line) {
    ++version;
    resource.events.push_back({version, "", line + "\n"});
    changed.notify_all();
  }

  void Serve(const char* path, Resource& resource) {
    server->Get(path, [this, &resource](const httplib::Request& request, httplib::Response& response) {
      Answer(resource, request, response);
    });
  }
  void Answer(Resource& resource, const httplib::Request& request, httplib::Response& response);
  void List(Resource& resource, const httplib::Request& request, httplib::Response& response) const;
  void Watch(Resource& resource, const httplib::Request& request, httplib::Response& response);
};

void ApiServer::State::Answer(Resource& resource, const httplib::Request& request, httplib::Response& response) {
  std::unique_lock lock(mutex);
  resource.requests.last_query = request.target;
  const bool is_watch = request.get_param_value("watch") == "true";
  if (fault == Fault::kHangs) {
    changed.wait(lock, [this] { return is_stopping || fault != Fault::kHangs; });
  }
  if (request.get_header_value("Authorization") != "Bearer " + token) {
    ++refused_count;
    response.status = 401;
    response.set_content(R"({"kind":"Status","code":401,"reason":"Unauthorized"})", "application/json");
  } else if (!resource.is_served) {
    ++resource.requests.not_there;
    response.status = 404;
    response.set_content("404 page not found\n", "text/plain");
  } else if (resource.is_forbidden) {
    ++resource.requests.forbidden;
    response.status = 403;
    response.set_content(R"({"kind":"Status","code":403,"reason":"Forbidden","message":"no role allows it"})",
                         "application/json");
  } else if (fault == Fault::kAllFail) {
    response.status = 503;
  } else if (fault == (is_watch ? Fault::kWatchFails : Fault::kListFails)) {
    response.status = 500;
    response.set_content(R"({"kind":"Status","code":500,"message":"etcd is away"})", "application/json");
  } else if (is_watch) {
    Watch(resource, request, response);
  } else {
    List(resource, request, response);
  }
}

void ApiServer::State::List(Resource& resource, const httplib::Request& request, httplib::Response& response) const {
  Json items = Json::array();
  for (const auto& [key, stored] : resource.objects) {
    if (IsOf(stored.node_name, NodeOf(request))) {
      items.push_back(stored.object);
    }
  }
  const std::string text = Json({{"kind", resource.list_kind},
                                 {"apiVersion", "v1"},
                                 {"metadata", {{"resourceVersion", std::to_string(version)}}},
                                 {"items", items}})
                               .dump();
  if (fault == Fault::kListIsCut) {
    response.set_chunked_content_provider("application/json", [text](size_t, httplib::DataSink& sink) {
      sink.write(text.data(), text.size() / 2);
      return false;
    });
    return;
  }
  ++resource.requests.lists;
  resource.requests.stored_lists += request.has_param("resourceVersion") ? 0 : 1;
  response.set_content(text, "application/json");
}

void ApiServer::State::Watch(Resource& resource, const httplib::Request& request, httplib::Response& response) {
  ++resource.requests.watches;
  const std::string node = NodeOf(request);
  const int from = std::atoi(request.get_param_value("resourceVersion").c_str());
  const auto end_time = std::chrono::steady_clock::now() +
                        std::chrono::seconds(std::atoi(request.get_param_value("timeoutSeconds").c_str()));
  response.set_chunked_content_provider(
      "application/json", [this, &resource, node, sent = from, end_time, ends_before = ends, breaks_before = breaks](
                              size_t, httplib::DataSink& sink) mutable {
        std::unique_lock lock(mutex);
        if (sent < oldest_version && ends == ends_before) {
          const std::string line = GoneLine();
          sink.write(line.data(), line.size());
          sink.done();
          return true;
        }
        const auto next = [&] {
          return std::find_if(resource.events.begin(), resource.events.end(),
                              [&](const Event& event) { return event.version > sent && IsOf(event.node_name, node); });
        };
        const auto has_ended = [&] { return is_stopping || ends != ends_before || breaks != breaks_before; };
        changed.wait_until(lock, end_time, [&] { return has_ended() || next() != resource.events.end(); });
        if (breaks != breaks_before || is_stopping) {
          return false;
        }
        // An ended watch says nothing of what comes after its end, however late its thread wakes.
        if (const auto event = next(); event != resource.events.end() && ends == ends_before) {
          sent = event->version;
          return sink.write(event->line.data(), event->line.size());
        }
        sink.done();
        return true;
      });
}

ApiServer::ApiServer() : state_(std::make_unique<State>()) {}

ApiServer::~ApiServer() {
  Stop();
  std::error_code error;
  std::filesystem::remove_all(state_->folder, error);
}

std::unique_ptr<ApiServer> ApiServer::Start() {
  std::unique_ptr<ApiServer> server(new ApiServer());
  State& state = *server->state_;
  std::string name = (std::filesystem::temp_directory_path() / "fake-api-server-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    return nullptr;
  }
  state.folder = name;
  const KeyAndCertificate issued = state.ca.Issue("localhost");
  std::ofstream(state.folder / "server.crt") << issued.certificate_pem;
  std::ofstream(state.folder / "server.key") << issued.key_pem;
  return server->Restart() ? std::move(server) : nullptr;
}

bool ApiServer::Restart() {
  State& state = *state_;
  state.is_stopping = false;
  state.server = std::make_unique<httplib::SSLServer>((state.folder / "server.crt").c_str(),
                                                      (state.folder / "server.key").c_str());
  state.server->new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  state.Serve("/api/v1/pods", state.pods);
  state.Serve("/api/v1/namespaces", state.namespaces);
  state.Serve("/apis/opentelemetry.io/v1alpha1/instrumentations", state.instrumentations);
  if (state.port == 0) {
    state.port = state.server->bind_to_any_port("127.0.0.1");
  } else if (!state.server->bind_to_port("127.0.0.1", state.port)) {
    return false;
  }
  if (state.port <= 0) {
    return false;
  }
  state.thread = std::thread([raw = state.server.get()] { (void)raw->listen_after_bind(); });
  while (!state.server->is_running()) {
    std::this_thread::yield();
  }
  return true;
}

void ApiServer::Stop() {
  if (state_->server == nullptr) {
    return;
  }
  {
    const std::lock_guard lock(state_->mutex);
    state_->is_stopping = true;
    state_->changed.notify_all();
  }
  state_->server->stop();
  state_->thread.join();
  state_->server.reset();
}

int ApiServer::port() const { return state_->port; }

void ApiServer::WriteServiceAccount(const std::string& folder) const {
  const std::lock_guard lock(state_->mutex);
  std::ofstream(folder + "/ca.crt") << state_->ca.certificate_pem();
  std::ofstream(folder + "/token.new") << state_->token << "\n";
  std::filesystem::rename(folder + "/token.new", folder + "/token");
}

void ApiServer::SetToken(const std::string& token) {
  const std::lock_guard lock(state_->mutex);
  state_->token = token;
}

void ApiServer::Put(const ApiServerPod& pod) {
  const std::lock_guard lock(state_->mutex);
  ++state_->version;
  state_->Put(state_->pods, pod.uid, pod.node_name, ToObject(pod, state_->version));
}

void ApiServer::Delete(const std::string& uid) {
  const std::lock_guard lock(state_->mutex);
  state_->Delete(state_->pods, uid);
}

void ApiServer::PutNamespace(const std::string& name, const std::map<std::string, std::string>& annotations) {
  const std::lock_guard lock(state_->mutex);
  ++state_->version;
  state_->Put(state_->namespaces, name, "", ToObject(name, annotations, state_->version));
}

void ApiServer::DeleteNamespace(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  state_->Delete(state_->namespaces, name);
}

void ApiServer::PutInstrumentation(const std::string& namespace_name, const std::string& name,
                                   const std::string& spec_json) {
  const std::lock_guard lock(state_->mutex);
  ++state_->version;
  state_->Put(state_->instrumentations, namespace_name + "/" + name, "",
              ToObject(namespace_name, name, spec_json, state_->version));
}

void ApiServer::DeleteInstrumentation(const std::string& namespace_name, const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  state_->Delete(state_->instrumentations, namespace_name + "/" + name);
}

void ApiServer::ServeInstrumentations(bool are_served) {
  const std::lock_guard lock(state_->mutex);
  state_->instrumentations.is_served = are_served;
}

void ApiServer::ForbidInstrumentations(bool is_forbidden) {
  const std::lock_guard lock(state_->mutex);
  state_->instrumentations.is_forbidden = is_forbidden;
}

void ApiServer::ForbidNamespaces(bool is_forbidden) {
  const std::lock_guard lock(state_->mutex);
  state_->namespaces.is_forbidden = is_forbidden;
}

void ApiServer::SetFault(Fault fault) {
  const std::lock_guard lock(state_->mutex);
  state_->fault = fault;
  state_->changed.notify_all();
}

void ApiServer::SendLine(const std::string& line) {
  const std::lock_guard lock(state_->mutex);
  state_->Send(state_->pods, line);
}

void ApiServer::SendNamespaceLine(const std::string& line) {
  const std::lock_guard lock(state_->mutex);
  state_->Send(state_->namespaces, line);
}

void ApiServer::SendInstrumentationLine(const std::string& line) {
  const std::lock_guard lock(state_->mutex);
  state_->Send(state_->instrumentations, line);
}

void ApiServer::Compact() {
  const std::lock_guard lock(state_->mutex);
  ++state_->version;
  state_->oldest_version = state_->version;
  state_->pods.events.clear();
  state_->namespaces.events.clear();
  state_->instrumentations.events.clear();
  ++state_->ends;
  state_->changed.notify_all();
}

void ApiServer::EndWatches() {
  const std::lock_guard lock(state_->mutex);
  ++state_->ends;
  state_->changed.notify_all();
}

void ApiServer::BreakWatches() {
  const std::lock_guard lock(state_->mutex);
  ++state_->breaks;
  state_->changed.notify_all();
}

ApiServer::Requests ApiServer::pod_requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->pods.requests;
}

ApiServer::Requests ApiServer::namespace_requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->namespaces.requests;
}

ApiServer::Requests ApiServer::instrumentation_requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->instrumentations.requests;
}

size_t ApiServer::refused_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->refused_count;
}

}  // namespace nodespan::testing
