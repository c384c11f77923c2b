// SPDX-License-Identifier: Apache-2.0
#include "ebpf/uprobe.h"

#include <bpf/libbpf.h>

#include "base/errors.h"

namespace nodespan::ebpf {
namespace {

// BPF_TRACE_UPROBE_MULTI of linux/bpf.h since 6.6; Debian 12's header is older than that.
constexpr auto kTraceUprobeMulti = static_cast<bpf_attach_type>(48);

absl::StatusOr<Link> AttachMulti(const bpf_program* program, const std::string& path, pid_t pid,
                                 std::span<const UprobeSite> sites) {
  std::vector<unsigned long> offsets;
  std::vector<__u64> cookies;
  for (const UprobeSite& site : sites) {
    offsets.push_back(site.file_off);
    cookies.push_back(site.cookie);
  }
  LIBBPF_OPTS(bpf_uprobe_multi_opts, options);
  options.offsets = offsets.data();
  options.cookies = cookies.data();
  options.cnt = offsets.size();
  bpf_link* link = bpf_program__attach_uprobe_multi(program, pid, path.c_str(), nullptr, &options);
  if (link == nullptr) {
    return base::ErrnoStatus(fmt::format("attach uprobe_multi to pid {}", pid));
  }
  return Link(link);
}

absl::StatusOr<Link> AttachPerf(const bpf_program* program, const std::string& path, pid_t pid, UprobeSite site,
                                bool use_cookies) {
  LIBBPF_OPTS(bpf_uprobe_opts, options);
  options.bpf_cookie = use_cookies ? site.cookie : 0;
  bpf_link* link = bpf_program__attach_uprobe_opts(program, pid, path.c_str(), site.file_off, &options);
  if (link == nullptr) {
    return base::ErrnoStatus(fmt::format("attach perf uprobe to pid {}", pid));
  }
  return Link(link);
}

}  // namespace

std::string_view ToString(UprobeMethod method) { return method == UprobeMethod::kMulti ? "uprobe_multi" : "perf"; }

void PrepareForMethod(bpf_program* program, UprobeMethod method) {
  if (method == UprobeMethod::kMulti) {
    (void)bpf_program__set_expected_attach_type(program, kTraceUprobeMulti);
  }
}

absl::StatusOr<std::vector<Link>> AttachUprobes(const bpf_program* program, UprobeMethod method,
                                                const std::string& path, pid_t pid, std::span<const UprobeSite> sites,
                                                bool use_cookies) {
  std::vector<Link> links;
  if (method == UprobeMethod::kMulti) {
    absl::StatusOr<Link> link = AttachMulti(program, path, pid, sites);
    if (!link.ok()) {
      return link.status();
    }
    links.push_back(*std::move(link));
    return links;
  }
  for (const UprobeSite& site : sites) {
    absl::StatusOr<Link> link = AttachPerf(program, path, pid, site, use_cookies);
    if (!link.ok()) {
      return link.status();
    }
    links.push_back(*std::move(link));
  }
  return links;
}

}  // namespace nodespan::ebpf
