// SPDX-License-Identifier: Apache-2.0
// A Kubernetes API server inside the test process, as far as pods, namespaces and Instrumentation resources are listed
// and watched: HTTPS with a certificate of its own authority, a token, resource versions, field selectors, bookmarks,
// and the ways in which a real one fails.
//
// Depends on nothing of src/. Thread: all methods from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace nodespan::testing {

// What a test says about a pod; the server makes the object of it.
struct ApiServerPod {
  std::string uid;
  std::string name;
  std::string namespace_name = "default";
  std::string node_name = "node-1";
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::string container_name = "app";
  std::string container_id;  // 64 digits; empty: not started yet
  std::string image = "registry.example/shop:1.2";
};

class ApiServer {
 public:
  enum class Fault {
    kNone,
    kListFails,   // 500 to lists; watches go on
    kWatchFails,  // 500 to watches; lists are answered
    kAllFail,     // 503 to everything
    kHangs,       // answers nothing, for ever
    kListIsCut,   // closes the connection in the middle of a list
  };

  // Null when there is no port.
  static std::unique_ptr<ApiServer> Start();
  ~ApiServer();  // Stop()

  int port() const;
  // Writes ca.crt and token, as they lie in the folder of a service account. The server is "localhost".
  void WriteServiceAccount(const std::string& folder) const;
  // Only this token is taken from now on; WriteServiceAccount() writes it.
  void SetToken(const std::string& token);

  // Adds it, or replaces the one with the same uid.
  void Put(const ApiServerPod& pod);
  void Delete(const std::string& uid);
  // The same by name. Pods do not need theirs to be there.
  void PutNamespace(const std::string& name, const std::map<std::string, std::string>& annotations);
  void DeleteNamespace(const std::string& name);
  // `spec_json`: the member `spec`. As without the operator there are none, and 404 is the answer, until
  // ServeInstrumentations(true).
  void PutInstrumentation(const std::string& namespace_name, const std::string& name, const std::string& spec_json);
  void DeleteInstrumentation(const std::string& namespace_name, const std::string& name);
  void ServeInstrumentations(bool are_served);

  // 403 to lists and new watches of namespaces, as without a role for them; false ends that.
  void ForbidNamespaces(bool is_forbidden);
  void ForbidInstrumentations(bool is_forbidden);
  void SetFault(Fault fault);
  // A line to all current watches of pods, of namespaces, or of Instrumentation resources, whatever it is.
  void SendLine(const std::string& line);
  void SendNamespaceLine(const std::string& line);
  void SendInstrumentationLine(const std::string& line);
  // What happened is forgotten: watches from an earlier version get the error 410, and current ones are ended.
  void Compact();
  // Current watches end, as they do after their time; or their connections break.
  void EndWatches();
  void BreakWatches();

  // Ends all connections; Restart() listens on the same port again, with the pods kept.
  void Stop();
  bool Restart();

  struct Requests {
    size_t lists = 0;         // answered with objects
    size_t stored_lists = 0;  // of those: asked for what is stored, not for what is cached
    size_t watches = 0;
    size_t forbidden = 0;  // 403
    size_t not_there = 0;  // 404: no such kind of objects
    std::string last_query;
  };
  Requests pod_requests() const;
  Requests namespace_requests() const;
  Requests instrumentation_requests() const;
  size_t refused_count() const;  // 401, to whatever it was

 private:
  struct State;
  ApiServer();

  std::unique_ptr<State> state_;
};

}  // namespace nodespan::testing
