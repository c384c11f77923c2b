// SPDX-License-Identifier: Apache-2.0
// An OtlpClient that speaks OTLP/gRPC (SPEC section 2). gRPC's headers stay in the .cc file.
//
// One channel, which looks its host up anew when the connection breaks; gRPC's own threads touch nothing of ours.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "otlp/otlp_client.h"

namespace nodespan::otlp {

inline constexpr char kDefaultGrpcEndpoint[] = "http://localhost:4317";

struct GrpcClientOptions : OtlpClientOptions {
  // The longest pause between attempts to connect; gRPC's own two minutes would outlast every retry.
  absl::Duration max_reconnect_interval = absl::Seconds(5);
};

class GrpcClient final : public OtlpClient {
 public:
  // Connects lazily: an absent collector is not an error here. The endpoint is one of endpoint.h. Settings that are
  // wrong but harmless (a path in the endpoint, a header gRPC cannot carry) are left out and described in `warnings`.
  // kInvalidArgument: bad endpoint. A certificate file that cannot be read: see CheckTlsFiles.
  static absl::StatusOr<std::unique_ptr<GrpcClient>> Create(const GrpcClientOptions& options,
                                                            std::vector<std::string>* warnings);
  ~GrpcClient() override;

  const std::string& endpoint() const override;
  void Start(uint64_t id, std::shared_ptr<const WireBuffer> body, absl::Time deadline) override;
  std::optional<EndedCall> Wait(absl::Time until) override;
  void Wake() override;
  void Cancel() override;

 private:
  struct Impl;
  explicit GrpcClient(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace nodespan::otlp
