// SPDX-License-Identifier: Apache-2.0
#include "http/curl_handles.h"

#include <utility>

namespace nodespan::http {
namespace {

bool IsSetUp() {
  // Thread-safe since curl 7.84.
  static const CURLcode kInitialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  return kInitialised == CURLE_OK;
}

template <typename Handle>
absl::StatusOr<Handle> Require(Handle handle) {
  if (handle == nullptr) {
    return absl::InternalError("libcurl cannot be set up");
  }
  return handle;
}

}  // namespace

absl::StatusOr<Easy> MakeEasy() { return Require(Easy(IsSetUp() ? curl_easy_init() : nullptr)); }

absl::StatusOr<Multi> MakeMulti() { return Require(Multi(IsSetUp() ? curl_multi_init() : nullptr)); }

absl::Status HeaderList::Add(const std::string& line) {
  curl_slist* longer = curl_slist_append(list_.get(), line.c_str());
  if (longer == nullptr) {
    return absl::ResourceExhaustedError("out of memory for a request");
  }
  (void)list_.release();  // part of the longer one
  list_.reset(longer);
  return absl::OkStatus();
}

}  // namespace nodespan::http
