// SPDX-License-Identifier: Apache-2.0
// Owners of libcurl's handles, for the modules that speak HTTP. What is asked for, and what an answer means, is theirs.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "curl/curl.h"

namespace nodespan::http {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
// An easy handle is taken out of its multi handle before either is destroyed.
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using Multi = std::unique_ptr<CURLM, MultiDeleter>;

// Set libcurl up, once per process; any thread. kInternal: it cannot be.
absl::StatusOr<Easy> MakeEasy();
absl::StatusOr<Multi> MakeMulti();

// Header lines of a request. Outlives the transfers that use it.
class HeaderList {
 public:
  // "Name: value", "Name;" for an empty value, "Name:" for none of libcurl's own. kResourceExhausted: out of memory.
  absl::Status Add(const std::string& line);

  // Null while nothing is in it.
  curl_slist* get() const { return list_.get(); }

 private:
  struct Deleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  std::unique_ptr<curl_slist, Deleter> list_;
};

}  // namespace nodespan::http
