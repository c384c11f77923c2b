// SPDX-License-Identifier: Apache-2.0
// Reads a BPF ring buffer.
//
// Thread: one thread at a time. Lifetime: the map behind the descriptor is kept alive by the mapping.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "absl/status/statusor.h"

struct ring_buffer;

namespace nodespan::ebpf {

class RingReader {
 public:
  // Called once per record; the bytes are valid during the call only.
  using OnRecord = std::function<void(std::span<const uint8_t>)>;

  static absl::StatusOr<std::unique_ptr<RingReader>> Create(int map_fd, OnRecord on_record);
  ~RingReader();

  // Hands everything that is in the ring to the callback; returns the number of records.
  size_t Drain();

  // Readable when the kernel side asked for a wake-up.
  int epoll_fd() const;

 private:
  struct Deleter {
    void operator()(ring_buffer* ring) const;
  };

  explicit RingReader(OnRecord on_record) : on_record_(std::move(on_record)) {}
  static int Dispatch(void* self, void* data, size_t size);

  OnRecord on_record_;
  std::unique_ptr<ring_buffer, Deleter> ring_;
};

}  // namespace nodespan::ebpf
