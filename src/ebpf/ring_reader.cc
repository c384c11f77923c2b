// SPDX-License-Identifier: Apache-2.0
#include "ebpf/ring_reader.h"

#include <bpf/libbpf.h>

#include "base/errors.h"

namespace nodespan::ebpf {

void RingReader::Deleter::operator()(ring_buffer* ring) const { ring_buffer__free(ring); }

absl::StatusOr<std::unique_ptr<RingReader>> RingReader::Create(int map_fd, OnRecord on_record) {
  std::unique_ptr<RingReader> reader(new RingReader(std::move(on_record)));
  ring_buffer* ring = ring_buffer__new(map_fd, &RingReader::Dispatch, reader.get(), nullptr);
  if (ring == nullptr) {
    return base::ErrnoStatus("map ring buffer");
  }
  reader->ring_.reset(ring);
  return reader;
}

RingReader::~RingReader() = default;

int RingReader::Dispatch(void* self, void* data, size_t size) {
  static_cast<RingReader*>(self)->on_record_({static_cast<const uint8_t*>(data), size});
  return 0;
}

size_t RingReader::Drain() {
  const int count = ring_buffer__consume(ring_.get());
  return count < 0 ? 0 : static_cast<size_t>(count);
}

int RingReader::epoll_fd() const { return ring_buffer__epoll_fd(ring_.get()); }

}  // namespace nodespan::ebpf
