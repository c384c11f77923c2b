// SPDX-License-Identifier: Apache-2.0
// Writes protobuf wire format front to back into one growing buffer.
//
// The length of a nested message is not known when it begins; four bytes are kept free for it and filled in at its end
// as a padded varint (more continuation bytes than needed: legal, protobuf readers take up to ten). That is one pass
// instead of two, for at most three bytes a message.
//
// Wire format: https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace nodespan::otlp {

static_assert(std::endian::native == std::endian::little, "fixed32 and fixed64 are copied as they are");

// Bytes on the heap, not zeroed first.
struct WireBuffer {
  std::unique_ptr<uint8_t[]> data;
  size_t size = 0;

  std::string_view view() const { return {reinterpret_cast<const char*>(data.get()), size}; }
};

constexpr size_t VarintSize(uint64_t value) { return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7; }

// Size of a length-delimited field with a field number below 16.
constexpr size_t DelimitedSize(size_t length) { return 1 + VarintSize(length) + length; }

class WireWriter {
 public:
  // Longest nested message whose length fits the four bytes kept for it.
  static constexpr size_t kMaxMessageBytes = (size_t{1} << 28) - 1;

  explicit WireWriter(size_t capacity) : buffer_{Allocate(capacity), 0}, capacity_(capacity) {}

  size_t size() const { return buffer_.size; }
  void Truncate(size_t size) { buffer_.size = size; }
  WireBuffer Release() && { return std::move(buffer_); }

  // Fields. Zero and empty are written too: whether a default is left out is the caller's decision.
  void VarintField(uint32_t field, uint64_t value) {
    Grow(2 * kMaxVarintBytes);
    PutVarint(field << 3 | kVarint);
    PutVarint(value);
  }
  void Fixed64Field(uint32_t field, uint64_t value) { FixedField(field << 3 | kFixed64, value); }
  void Fixed32Field(uint32_t field, uint32_t value) { FixedField(field << 3 | kFixed32, value); }
  void DoubleField(uint32_t field, double value) { FixedField(field << 3 | kFixed64, value); }
  void BytesField(uint32_t field, std::string_view bytes) {
    DelimitedHeader(field, bytes.size());
    Raw(bytes);
  }

  // A length-delimited field whose `length` bytes are written by the calls that follow.
  void DelimitedHeader(uint32_t field, size_t length) {
    Grow(2 * kMaxVarintBytes);
    PutVarint(field << 3 | kDelimited);
    PutVarint(length);
  }

  // A nested message of unknown length: EndMessage(BeginMessage(field)) around its fields. EndMessage may be called
  // again with the same mark after more fields were added or removed; only the last call counts. A message longer than
  // kMaxMessageBytes gets a wrong length: the caller truncates it away.
  size_t BeginMessage(uint32_t field) {
    Grow(kMaxVarintBytes + kLengthBytes);
    PutVarint(field << 3 | kDelimited);
    buffer_.size += kLengthBytes;
    return buffer_.size;
  }
  void EndMessage(size_t mark) {
    const size_t length = buffer_.size - mark;
    uint8_t* out = buffer_.data.get() + mark - kLengthBytes;
    out[0] = static_cast<uint8_t>(length | 0x80);
    out[1] = static_cast<uint8_t>(length >> 7 | 0x80);
    out[2] = static_cast<uint8_t>(length >> 14 | 0x80);
    out[3] = static_cast<uint8_t>(length >> 21 & 0x7F);
  }

  void Raw(std::string_view bytes) {
    Grow(bytes.size());
    std::memcpy(buffer_.data.get() + buffer_.size, bytes.data(), bytes.size());
    buffer_.size += bytes.size();
  }

 private:
  enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5 };
  static constexpr size_t kMaxVarintBytes = 10;
  static constexpr size_t kLengthBytes = 4;

  static std::unique_ptr<uint8_t[]> Allocate(size_t capacity) {
    return std::make_unique_for_overwrite<uint8_t[]>(capacity);
  }

  void Grow(size_t more) {
    if (capacity_ - buffer_.size < more) {
      Reallocate(buffer_.size + more);
    }
  }

  [[gnu::noinline]] void Reallocate(size_t needed) {
    capacity_ = needed + needed / 2;
    std::unique_ptr<uint8_t[]> bigger = Allocate(capacity_);
    std::memcpy(bigger.get(), buffer_.data.get(), buffer_.size);
    buffer_.data = std::move(bigger);
  }

  void PutVarint(uint64_t value) {
    uint8_t* out = buffer_.data.get() + buffer_.size;
    while (value >= 0x80) {
      *out++ = static_cast<uint8_t>(value | 0x80);
      value >>= 7;
    }
    *out++ = static_cast<uint8_t>(value);
    buffer_.size = static_cast<size_t>(out - buffer_.data.get());
  }

  template <typename T>
  void FixedField(uint32_t tag, T value) {
    Grow(kMaxVarintBytes + sizeof value);
    PutVarint(tag);
    std::memcpy(buffer_.data.get() + buffer_.size, &value, sizeof value);
    buffer_.size += sizeof value;
  }

  WireBuffer buffer_;
  size_t capacity_;
};

}  // namespace nodespan::otlp
