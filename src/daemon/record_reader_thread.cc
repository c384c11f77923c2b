// SPDX-License-Identifier: Apache-2.0
#include "daemon/record_reader_thread.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <utility>

#include "base/clock.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace nodespan::daemon {
namespace {

// Latency against idle wake-ups; both are far below the time a span waits for its batch.
constexpr int kBusyPeriodMs = 10;
constexpr int kIdlePeriodMs = 20;

}  // namespace

absl::StatusOr<std::unique_ptr<RecordReaderThread>> RecordReaderThread::Start(int map_fd,
                                                                              spans::SpanAssembler* assembler,
                                                                              exporting::BatchProcessor* processor,
                                                                              exporting::SpanMetrics* metrics) {
  base::UniqueFd stop_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop_fd.valid()) {
    return base::ErrnoStatus("eventfd");
  }
  std::unique_ptr<RecordReaderThread> reader(new RecordReaderThread(assembler, processor, metrics, std::move(stop_fd)));
  NODESPAN_ASSIGN_OR_RETURN(reader->ring_,
                            ebpf::RingReader::Create(map_fd, [raw = reader.get()](std::span<const uint8_t> record) {
                              const absl::Status status = raw->assembler_->Assemble(std::as_bytes(record), raw->spans_);
                              if (!status.ok()) {  // Counted by the assembler.
                                spdlog::debug("record dropped: {}", base::Message(status));
                              }
                            }));
  reader->last_round_ns_ = base::Clock::Real().MonotonicNs();
  reader->thread_ = std::thread([raw = reader.get()] { raw->Run(); });
  (void)pthread_setname_np(reader->thread_.native_handle(), "ns-reader");
  return reader;
}

RecordReaderThread::~RecordReaderThread() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    (void)!::write(stop_fd_.get(), &one, sizeof(one));
    thread_.join();
  }
}

void RecordReaderThread::Measure() {
  for (const model::Span& span : spans_) {
    metrics_->Observe(span);
  }
  std::erase_if(spans_, [](const model::Span& span) { return !model::IsSampled(span); });
}

size_t RecordReaderThread::DrainOnce() {
  assembler_->BeginBatch();
  const size_t count = ring_->Drain();
  if (metrics_ != nullptr) {
    Measure();
  }
  if (!spans_.empty()) {
    processor_->Add(std::exchange(spans_, {}));
  }
  return count;
}

void RecordReaderThread::Run() {
  pollfd fds[] = {{stop_fd_.get(), POLLIN, 0}, {ring_->epoll_fd(), POLLIN, 0}};
  int period_ms = kIdlePeriodMs;
  while (true) {
    (void)::poll(fds, 2, period_ms);
    const size_t count = DrainOnce();
    last_round_ns_.store(base::Clock::Real().MonotonicNs(), std::memory_order_relaxed);
    if ((fds[0].revents & POLLIN) != 0) {
      return;
    }
    period_ms = count > 0 ? kBusyPeriodMs : kIdlePeriodMs;
  }
}

}  // namespace nodespan::daemon
