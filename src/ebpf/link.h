// SPDX-License-Identifier: Apache-2.0
// Owner of a bpf_link: detaches when it is destroyed.
//
// Destroying one takes time: about 30 ms for uprobe_multi, 0.1 s per perf uprobe (the kernel waits for RCU grace
// periods), so links of traced processes are destroyed on the attacher's own thread.
#pragma once

#include <memory>
#include <vector>

struct bpf_link;

namespace nodespan::ebpf {

struct LinkDeleter {
  void operator()(bpf_link* link) const;
};
using Link = std::unique_ptr<bpf_link, LinkDeleter>;

// Destroys the links by several threads, which wait for the same grace periods: 450 links take a second, not 14.
// Returns when all are gone.
void DestroyTogether(std::vector<Link> links);

}  // namespace nodespan::ebpf
