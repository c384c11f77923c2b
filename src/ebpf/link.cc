// SPDX-License-Identifier: Apache-2.0
#include "ebpf/link.h"

#include <bpf/libbpf.h>

namespace nodespan::ebpf {

void LinkDeleter::operator()(bpf_link* link) const { (void)bpf_link__destroy(link); }

}  // namespace nodespan::ebpf
