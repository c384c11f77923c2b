// SPDX-License-Identifier: Apache-2.0
// An OTLP/gRPC collector inside the test process: keeps every request, answers as told.
//
// Depends on the wire format only (proto/), on nothing of src/: what it understands, another receiver understands too.
//
// Thread: all methods from any thread. gRPC's threads serve the calls.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/otlp_trace_service.pb.h"

namespace nodespan::testing {

// How one call is answered. The default: success, everything accepted, at once.
struct OtlpAnswer {
  int code = 0;  // gRPC status code
  std::string message;
  // With a code: a google.rpc.RetryInfo in the status details.
  std::optional<std::chrono::milliseconds> retry_delay;
  // With a code: sent as grpc-status-details-bin instead of real details.
  std::string raw_details;
  // With code 0: the partial success of the response.
  int64_t rejected_spans = 0;
  std::string partial_message;
  // With code 0: sent as the response message instead of a real one.
  std::optional<std::string> raw_response;
  // Passes before the answer is sent; a client that goes away meanwhile is noticed.
  std::chrono::milliseconds delay{0};
};

struct OtlpCall {
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest request;
  bool parsed = false;                               // the bytes were a request
  size_t request_bytes = 0;                          // uncompressed
  std::multimap<std::string, std::string> metadata;  // user-agent included
  OtlpAnswer answer;
  size_t span_count = 0;
};

struct OtlpReceiverTls {
  std::string certificate_pem;
  std::string key_pem;
  std::string client_ca_pem;  // not empty: clients must show a certificate of this CA
};

class OtlpReceiver {
 public:
  struct Options {
    // "127.0.0.1:0" takes any free port; "unix:/path" works too.
    std::string listen = "127.0.0.1:0";
    std::optional<OtlpReceiverTls> tls;
    // A gzip request is answered with UNIMPLEMENTED.
    bool refuse_gzip = false;
    // Drop the requests after counting their spans, for long or large runs.
    bool keep_requests = true;
  };

  // Null when it cannot listen (the port is taken).
  static std::unique_ptr<OtlpReceiver> Start(Options options);
  static std::unique_ptr<OtlpReceiver> Start() { return Start(Options()); }
  ~OtlpReceiver();  // Stop()

  int port() const;
  std::string endpoint() const;  // "http://127.0.0.1:port"

  // The next call gets `answer`; calls without one get the default answer.
  void AnswerNext(OtlpAnswer answer);
  void SetDefaultAnswer(OtlpAnswer answer);

  // Ends all connections at once, calls in flight included. Collected calls stay readable.
  void Stop();

  // Spans in calls that were answered with success, rejected ones not counted.
  size_t accepted_spans() const;
  std::vector<OtlpCall> calls() const;
  // Spans of all accepted calls, resource and scope left aside.
  std::vector<opentelemetry::proto::trace::v1::Span> spans() const;

  // False: not so many within `timeout`.
  bool WaitForSpans(size_t count, std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;
  bool WaitForCalls(size_t count, std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;

 private:
  struct State;
  class Service;
  OtlpReceiver();

  std::unique_ptr<State> state_;
};

}  // namespace nodespan::testing
