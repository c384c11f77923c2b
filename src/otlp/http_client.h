// SPDX-License-Identifier: Apache-2.0
// An OtlpClient that speaks OTLP/HTTP with protobuf bodies (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP"), over
// libcurl's multi handle. libcurl's headers stay in the .cc file.
//
// HTTP/1.1, a connection for each request that is under way, kept for the next ones. Redirects are not followed. An
// answer longer than 4 MiB is not read to its end. The proxy of the environment is used, as gRPC does. Certificate
// files are read, and the name of the host looked up, for each new connection.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "otlp/otlp_client.h"

namespace nodespan::otlp {

inline constexpr char kDefaultHttpEndpoint[] = "http://localhost:4318";

struct HttpClientOptions : OtlpClientOptions {
  bool endpoint_is_complete = false;  // the endpoint is the URL of the signal; otherwise it is the base
};

class HttpClient final : public OtlpClient {
 public:
  // An absent collector is not an error here. Headers that HTTP cannot carry are left out and described in `warnings`.
  // kInvalidArgument: bad endpoint, see ParseHttpEndpoint. A certificate file that cannot be read: see CheckTlsFiles.
  // kInternal: libcurl cannot be set up.
  static absl::StatusOr<std::unique_ptr<HttpClient>> Create(const HttpClientOptions& options,
                                                            std::vector<std::string>* warnings);
  ~HttpClient() override;

  const std::string& endpoint() const override;
  void Start(uint64_t id, std::shared_ptr<const WireBuffer> body, absl::Time deadline) override;
  std::optional<EndedCall> Wait(absl::Time until) override;
  void Wake() override;
  void Cancel() override;

 private:
  struct Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace nodespan::otlp
