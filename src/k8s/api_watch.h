// SPDX-License-Identifier: Apache-2.0
// ApiWatch follows one kind of objects of the API server: they are listed once and then watched, so that a change is
// known within milliseconds. What the objects are, and what is kept of them, is the matter of WatchedObjects.
//
// The list comes from the API server's cache (resourceVersion=0), as for the kubelet. A watch that ends is taken up
// where it ended; after an event that could not be read everything is listed again, and after 410 Gone, too, then as it
// is stored. What fails is tried again, with waits that grow.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/random/random.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "k8s/api_client.h"
#include "k8s/backoff.h"
#include "k8s/stop_signal.h"
#include "k8s/watch_event.h"
#include "metrics/counters.h"

namespace nodespan::k8s {

// Thread: all methods on that of the ApiWatch.
class WatchedObjects {
 public:
  virtual ~WatchedObjects() = default;

  // A list begins; what came of one that did not end is forgotten.
  virtual void BeginList() = 0;
  // One of its elements. kDataLoss: it could not be read, and is left out.
  virtual absl::Status AddListed(std::string_view json) = 0;
  // The list is complete: there are these objects and no others.
  virtual void EndList() = 0;

  // Reads one line of the watch and does what it says. kDataLoss: it could not be read, nothing was done.
  virtual absl::StatusOr<WatchEvent> Apply(std::string_view line) = 0;

  // For the log: how it is. Told once for each kind of error, and when it is over.
  virtual void Tell(const absl::Status& status) = 0;
};

struct ApiWatchTimes {
  Backoff::Options backoff;
  // Waits grow to so much, instead of `backoff.max`, while the server says that the rights are missing (403) or that it
  // has no such kind of objects (404).
  absl::Duration max_refused_wait = Backoff::Options().max;
  absl::Duration list_timeout = absl::Seconds(60);
  // A list that sends nothing for so long is given up.
  absl::Duration list_stall = absl::Seconds(10);
  // The server ends a watch after this time, drawn between it and twice as long, so that not all nodes return at once.
  absl::Duration watch_time = absl::Minutes(5);
};

struct ApiWatchOptions {
  std::string thread_name;  // at most 15 bytes
  std::string path;         // of the list: "/api/v1/pods", maybe with a query
  ApiWatchTimes times;
  metrics::Counter lists;      // complete ones
  metrics::Counter errors;     // failed requests
  metrics::Counter malformed;  // objects and events that could not be read
};

// Thread: has one of its own, which the destructor ends at once; `objects` and `counters` outlive it.
class ApiWatch {
 public:
  ApiWatch(ApiWatchOptions options, std::unique_ptr<ApiClient> client, WatchedObjects* objects,
           metrics::Counters* counters);
  ~ApiWatch();
  ApiWatch(const ApiWatch&) = delete;
  ApiWatch& operator=(const ApiWatch&) = delete;

 private:
  void Run();
  absl::Status List();
  absl::Status Watch();
  absl::Status Follow(WatchEvent event);
  absl::Duration NextWait(const absl::Status& status);
  std::string Target(std::string_view query) const;
  void Tell(const absl::Status& status);

  const ApiWatchOptions options_;
  const std::unique_ptr<ApiClient> client_;
  WatchedObjects* const objects_;
  metrics::Counters* const counters_;
  StopSignal stop_;

  // The watch's thread only.
  absl::BitGen random_;
  Backoff backoff_;
  Backoff refused_backoff_;
  std::optional<std::string> version_;  // none: the objects are to be listed
  // What the cache of the API server last gave was too old to be watched: the next list is to be what is stored now.
  bool is_cache_old_ = false;
  std::optional<absl::StatusCode> told_;  // how it is, as far as it was said

  std::thread thread_;  // last: it uses everything above
};

}  // namespace nodespan::k8s
