// SPDX-License-Identifier: Apache-2.0
// The way to one collector: sends encoded requests, each once, and says what came of them.
//
// Several requests can be under way at a time. Retrying, counting and splitting are the exporter's (otlp_exporter.h).
//
// Thread: one, but for Wake and Cancel, which any may call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "fmt/format.h"
#include "model/version.h"
#include "otlp/tls_files.h"
#include "otlp/wire_writer.h"

namespace nodespan::otlp {

// What is sent; it decides which service, or which path, requests go to.
enum class Signal { kTraces, kMetrics };

// What the requests of every client say that they come from (SPEC section 1.5).
inline std::string UserAgent() {
  return fmt::format("nodespan/{} OTel-OTLP-Exporter-Cpp/{}", model::kVersion, model::kVersion);
}

struct OtlpClientOptions {
  Signal signal = Signal::kTraces;
  std::string endpoint;   // see the client's Create
  bool insecure = false;  // only looked at when the endpoint has no http/https scheme
  // Sent with every request. A key ending in "-bin" carries base64 in its value.
  std::vector<std::pair<std::string, std::string>> headers;
  bool gzip = false;
  TlsFiles tls;
};

// What can be done about a request that failed.
enum class Failure {
  kFinal,      // nothing: it would fail again
  kRetryable,  // try again while there is time; the collector may have taken the request
  kAway,       // the same, and later as well: there is no collector, or none that works
};

struct CallResult {
  absl::Status status;                        // OK: the collector took the request
  Failure failure = Failure::kFinal;          // with an error
  std::optional<absl::Duration> retry_delay;  // with an error: present when the collector asked for it
  int64_t rejected_count = 0;                 // with OK: partial success; spans, or points of metrics
  std::string partial_success_message;        // likewise; may come with nothing rejected as a warning
};

struct EndedCall {
  uint64_t id = 0;
  CallResult result;
};

class OtlpClient {
 public:
  // Ends what is under way.
  virtual ~OtlpClient() = default;

  // Where requests go, for messages. Any thread.
  virtual const std::string& endpoint() const = 0;

  // Begins to send `body`. Wait gives the result under `id`, which no other request under way has: kDeadlineExceeded at
  // `deadline`, if there is no other before. An answer that is not one of OTLP is kInternal.
  virtual void Start(uint64_t id, std::shared_ptr<const WireBuffer> body, absl::Time deadline) = 0;

  // Waits until a request has ended and says which; nothing when that takes until `until` or when Wake is called.
  virtual std::optional<EndedCall> Wait(absl::Time until) = 0;

  // Makes the current or the next Wait return.
  virtual void Wake() = 0;

  // Makes all requests under way, and all later ones, end with kCancelled (kRetryable).
  virtual void Cancel() = 0;
};

}  // namespace nodespan::otlp
