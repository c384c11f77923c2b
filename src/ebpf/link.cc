// SPDX-License-Identifier: Apache-2.0
#include "ebpf/link.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

namespace nodespan::ebpf {

void LinkDeleter::operator()(bpf_link* link) const { (void)bpf_link__destroy(link); }

void DestroyTogether(std::vector<Link> links) {
  constexpr size_t kMaxThreads = 16;
  std::atomic<size_t> next = 0;
  const auto destroy = [&] {
    for (size_t i = next++; i < links.size(); i = next++) {
      links[i].reset();
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < std::min(kMaxThreads, links.size()); ++i) {
    threads.emplace_back(destroy);
  }
  destroy();
  for (std::thread& thread : threads) {
    thread.join();
  }
}

}  // namespace nodespan::ebpf
