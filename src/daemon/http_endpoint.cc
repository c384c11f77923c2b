// SPDX-License-Identifier: Apache-2.0
#include "daemon/http_endpoint.h"

#include <pthread.h>

#include <thread>
#include <utility>

#include "base/errors.h"
#include "httplib.h"

namespace nodespan::daemon {
namespace {

// A probe, a scrape, and one that hangs.
constexpr size_t kThreads = 3;
constexpr time_t kPatienceSeconds = 2;
constexpr size_t kMaxRequestBytes = 4096;

constexpr const char* kPlainText = "text/plain; charset=utf-8";
constexpr const char* kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";

httplib::Server::Handler Check(std::function<std::string()> why_not) {
  return [why_not = std::move(why_not)](const httplib::Request&, httplib::Response& response) {
    const std::string problem = why_not();
    response.status = problem.empty() ? 200 : 503;
    response.set_content(problem.empty() ? "ok\n" : problem + "\n", kPlainText);
  };
}

}  // namespace

struct HttpEndpoint::Impl {
  httplib::Server server;
  int port = 0;
  std::thread thread;

  bool Bind(const std::string& host, uint16_t wanted_port) {
    port = wanted_port == 0 ? server.bind_to_any_port(host) : server.bind_to_port(host, wanted_port) ? wanted_port : -1;
    return port > 0;
  }
};

HttpEndpoint::HttpEndpoint(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpEndpoint::~HttpEndpoint() {
  impl_->server.stop();
  impl_->thread.join();
}

uint16_t HttpEndpoint::port() const { return static_cast<uint16_t>(impl_->port); }

absl::StatusOr<std::unique_ptr<HttpEndpoint>> HttpEndpoint::Start(const config::ListenAddress& address,
                                                                  HttpHandlers handlers) {
  auto impl = std::make_unique<Impl>();
  httplib::Server& server = impl->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };  // NOLINT: the library owns it
  server.set_keep_alive_max_count(1);                                        // an idle connection would hold a thread
  server.set_read_timeout(kPatienceSeconds);
  server.set_write_timeout(kPatienceSeconds);
  server.set_payload_max_length(kMaxRequestBytes);
  server.Get("/healthz", Check(std::move(handlers.why_not_alive)));
  server.Get("/readyz", Check(std::move(handlers.why_not_ready)));
  server.Get("/metrics", [metrics = std::move(handlers.metrics)](const httplib::Request&, httplib::Response& response) {
    response.set_content(metrics(), kPrometheusText);
  });
  // "::" takes IPv4 connections, too; machines without IPv6 do not have it.
  const bool is_bound = address.host.empty() ? impl->Bind("::", address.port) || impl->Bind("0.0.0.0", address.port)
                                             : impl->Bind(address.host, address.port);
  if (!is_bound) {
    return base::MakeStatus(absl::StatusCode::kUnavailable, "--http-listen {}:{}: cannot listen there", address.host,
                            address.port);
  }
  impl->thread = std::thread([raw = impl.get()] { (void)raw->server.listen_after_bind(); });
  (void)pthread_setname_np(impl->thread.native_handle(), "ns-http");
  // stop() does nothing to a server that does not listen yet.
  while (!server.is_running()) {
    std::this_thread::yield();
  }
  return std::unique_ptr<HttpEndpoint>(new HttpEndpoint(std::move(impl)));
}

}  // namespace nodespan::daemon
