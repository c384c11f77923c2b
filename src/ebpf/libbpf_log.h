// SPDX-License-Identifier: Apache-2.0
// What libbpf has to say, kept for error messages instead of being printed.
#pragma once

#include <string>

namespace nodespan::ebpf {

// Takes over libbpf's messages for the calling thread while it lives, and gives the earlier handler back afterwards.
// `verbatim`: also print everything to standard error (OTEL_GO_AUTO_SHOW_VERIFIER_LOG).
class LibbpfLog {
 public:
  explicit LibbpfLog(bool verbatim = false);
  ~LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;

  // The warnings since construction, joined with "; "; verifier logs cut to their last lines.
  std::string Summary() const;

 private:
  void* previous_;
};

}  // namespace nodespan::ebpf
