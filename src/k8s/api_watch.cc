// SPDX-License-Identifier: Apache-2.0
#include "k8s/api_watch.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "fmt/format.h"
#include "k8s/json_stream.h"

namespace nodespan::k8s {
namespace {

// A watch that ends earlier without having told anything is a failure, whatever the server says.
constexpr absl::Duration kShortWatch = absl::Seconds(1);
// The server ends watches by itself; this is for one that does not.
constexpr absl::Duration kWatchGrace = absl::Seconds(30);

Backoff::Options RefusedBackoff(const ApiWatchTimes& times) {
  Backoff::Options options = times.backoff;
  options.max = times.max_refused_wait;
  return options;
}

}  // namespace

ApiWatch::ApiWatch(ApiWatchOptions options, std::unique_ptr<ApiClient> client, WatchedObjects* objects,
                   metrics::Counters* counters)
    : options_(std::move(options)),
      client_(std::move(client)),
      objects_(objects),
      counters_(counters),
      backoff_(options_.times.backoff, [this] { return absl::Uniform(random_, 0.0, 1.0); }),
      refused_backoff_(RefusedBackoff(options_.times), [this] { return absl::Uniform(random_, 0.0, 1.0); }),
      thread_([this] { Run(); }) {
  (void)pthread_setname_np(thread_.native_handle(), options_.thread_name.c_str());
}

ApiWatch::~ApiWatch() {
  stop_.Stop();
  client_->Stop();
  thread_.join();
}

void ApiWatch::Run() {
  while (!stop_.is_stopped()) {
    const absl::Status status = version_ ? Watch() : List();
    if (stop_.is_stopped()) {
      return;
    }
    Tell(status);
    if (status.ok()) {
      continue;
    }
    if (absl::IsOutOfRange(status)) {
      version_.reset();  // What was missed is not kept any more: list again.
      is_cache_old_ = true;
    } else {
      counters_->Add(options_.errors);
      // What the server itself refuses will not get better by going on where it was.
      if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) {
        version_.reset();
      }
    }
    stop_.Sleep(NextWait(status));
  }
}

absl::Duration ApiWatch::NextWait(const absl::Status& status) {
  const bool is_refused = absl::IsPermissionDenied(status) || absl::IsNotFound(status);
  return is_refused ? refused_backoff_.Next() : backoff_.Next();
}

std::string ApiWatch::Target(std::string_view query) const {
  if (query.empty()) {
    return options_.path;
  }
  const char separator = options_.path.find('?') == std::string::npos ? '?' : '&';
  return fmt::format("{}{}{}", options_.path, separator, query);
}

absl::Status ApiWatch::List() {
  std::string version;
  size_t malformed_count = 0;
  objects_->BeginList();
  ListSplitter splitter([&](std::string_view json) { malformed_count += objects_->AddListed(json).ok() ? 0 : 1; },
                        [&](std::string_view key, std::string_view json) {
                          if (key == "metadata") {
                            version = ParseListVersion(json);
                          }
                        });
  NODESPAN_RETURN_IF_ERROR(client_->Get(Target(is_cache_old_ ? "" : "resourceVersion=0"), options_.times.list_timeout,
                                        options_.times.list_stall, [&](std::string_view bytes) {
                                          splitter.Feed(bytes);
                                          return true;
                                        }));
  NODESPAN_RETURN_IF_ERROR(splitter.Finish());
  if (version.empty()) {
    return base::MakeStatus(absl::StatusCode::kDataLoss, "the list of {} has no version", options_.path);
  }
  counters_->Add(options_.lists);
  counters_->Add(options_.malformed, malformed_count + splitter.oversized_count());
  objects_->EndList();
  version_ = std::move(version);
  is_cache_old_ = false;
  return absl::OkStatus();
}

absl::Status ApiWatch::Watch() {
  const absl::Duration watch_time = options_.times.watch_time * absl::Uniform(random_, 1.0, 2.0);
  const absl::Time start = absl::Now();
  size_t event_count = 0;
  bool has_malformed = false;
  std::optional<absl::Status> told_error;
  LineSplitter splitter([&](std::string_view line) {
    absl::StatusOr<WatchEvent> event = objects_->Apply(line);
    if (!event.ok()) {
      counters_->Add(options_.malformed);
      has_malformed = true;
      return;
    }
    ++event_count;
    backoff_.Reset();
    refused_backoff_.Reset();
    if (absl::Status status = Follow(*std::move(event)); !status.ok()) {
      told_error = std::move(status);
    }
  });
  const std::string query = fmt::format("watch=true&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}",
                                        *version_, std::max<int64_t>(1, absl::ToInt64Seconds(watch_time)));
  const absl::Status status =
      client_->Get(Target(query), watch_time + kWatchGrace, absl::ZeroDuration(), [&](std::string_view bytes) {
        splitter.Feed(bytes);
        return !told_error;
      });
  counters_->Add(options_.malformed, splitter.oversized_count());
  if (has_malformed || splitter.oversized_count() > 0) {
    version_.reset();  // Nobody knows what it was about.
  }
  if (told_error) {
    return *told_error;
  }
  NODESPAN_RETURN_IF_ERROR(status);
  if (event_count == 0 && absl::Now() - start < kShortWatch) {
    return absl::UnavailableError("the API server ends the watch at once");
  }
  return absl::OkStatus();
}

absl::Status ApiWatch::Follow(WatchEvent event) {
  if (event.type == WatchEvent::Type::kError) {
    return base::MakeStatus(event.code == 410 ? absl::StatusCode::kOutOfRange : absl::StatusCode::kFailedPrecondition,
                            "the API server ends the watch with {}: {}", event.code, event.message);
  }
  if (!event.resource_version.empty()) {
    version_ = std::move(event.resource_version);
  }
  return absl::OkStatus();
}

// A version that is gone is everyday life.
void ApiWatch::Tell(const absl::Status& status) {
  if (!absl::IsOutOfRange(status) && told_ != status.code()) {
    told_ = status.code();
    objects_->Tell(status);
  }
}

}  // namespace nodespan::k8s
