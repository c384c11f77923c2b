// SPDX-License-Identifier: Apache-2.0
// A container runtime inside the test process: it answers for pods and containers that the test makes up.
//
// Depends on the wire format only (proto/), on nothing of src/.
//
// Thread: all methods from any thread. gRPC's threads serve the calls.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "proto/cri.pb.h"

namespace nodespan::testing {

class CriServer {
 public:
  // Null when it cannot listen on a socket at `path`.
  static std::unique_ptr<CriServer> Start(const std::string& path);
  ~CriServer();  // Stop()

  // Adds it, or replaces the one with the same id.
  void Put(const runtime::v1::PodSandbox& sandbox);
  void Put(const runtime::v1::Container& container);
  void RemoveAll();

  // What calls of GetContainerEvents get: an error, as from runtimes that have no events; a stream that ends at once,
  // as from CRI-O without `enable_pod_events`; or what SendEvent() sends from then on.
  enum class Events { kUnimplemented, kEndAtOnce, kServed };
  void SetEvents(Events events);
  void SendEvent(runtime::v1::ContainerEventType type);
  // Ends all streams with kUnavailable.
  void BreakEvents();

  // All calls but those for events fail with this gRPC status code; 0: they succeed.
  void FailWith(int code);
  // Passes before every answer.
  void SetDelay(std::chrono::milliseconds delay);

  // Ends all connections and removes the socket; Restart() makes a new one at the same path, with the pods kept.
  void Stop();
  bool Restart();

  size_t list_count() const;          // calls of ListPodSandbox
  size_t event_call_count() const;    // of GetContainerEvents, whatever they got
  size_t event_stream_count() const;  // of them, those that are served now

 private:
  struct State;
  class Service;
  CriServer();

  std::unique_ptr<State> state_;
};

}  // namespace nodespan::testing
