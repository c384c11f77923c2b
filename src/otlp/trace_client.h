// SPDX-License-Identifier: Apache-2.0
// One OTLP/gRPC connection: sends one encoded request, once, and says what came of it.
//
// Retrying, counting and splitting are the caller's (grpc_exporter.h). gRPC's headers stay in the .cc file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "otlp/wire_writer.h"

namespace nodespan::otlp {

// PEM files; empty: not used. They are read again when they change (mounted Secrets are).
struct TlsFiles {
  std::string ca_file;  // empty: the system's roots
  std::string client_cert_file;
  std::string client_key_file;
  absl::Duration reload_interval = absl::Minutes(1);  // whole seconds, at least one
};

struct TraceClientOptions {
  std::string endpoint = "http://localhost:4317";  // see endpoint.h
  bool insecure = false;                           // only looked at when the endpoint has no http/https scheme
  // Sent with every request. A key ending in "-bin" carries base64 in its value.
  std::vector<std::pair<std::string, std::string>> headers;
  bool gzip = false;
  TlsFiles tls;
  // The longest pause between attempts to connect; gRPC's own two minutes would outlast every retry.
  absl::Duration max_reconnect_interval = absl::Seconds(5);
};

struct CallResult {
  absl::Status status;                        // OK: the collector took the request
  std::optional<absl::Duration> retry_delay;  // with an error: present when the collector sent a RetryInfo
  int64_t rejected_span_count = 0;            // with OK: partial success
  std::string partial_success_message;        // likewise; may come with 0 rejected spans as a warning
};

class TraceClient {
 public:
  // Connects lazily: an absent collector is not an error here. Settings that are wrong but harmless (a path in the
  // endpoint, a header gRPC cannot carry) are left out and described in `warnings`.
  // kInvalidArgument: bad endpoint. kNotFound, kPermissionDenied, ...: a certificate file cannot be read.
  static absl::StatusOr<std::unique_ptr<TraceClient>> Create(const TraceClientOptions& options,
                                                             std::vector<std::string>* warnings);
  ~TraceClient();

  // Sends `body` and waits for the answer, at most until `deadline` (kDeadlineExceeded). One call at a time.
  // An answer that is not an ExportTraceServiceResponse is kInternal, as it is with gRPC's generated stubs.
  CallResult Export(std::shared_ptr<const WireBuffer> body, absl::Time deadline);

  // Makes a running Export, and all later ones, return kCancelled. Any thread.
  void Cancel();

  // There is a connection to the collector right now.
  bool IsConnected() const;

  // Connects again at the next Export instead of waiting for gRPC's reconnection timer.
  void ResetConnectionBackoff();

 private:
  struct Impl;
  explicit TraceClient(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace nodespan::otlp
