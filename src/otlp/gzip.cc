// SPDX-License-Identifier: Apache-2.0
#include "otlp/gzip.h"

#include "zlib.h"

namespace nodespan::otlp {

absl::StatusOr<std::string> Gzip(std::string_view bytes) {
  // zlib: 16 more bits of window mean a gzip header instead of its own.
  constexpr int kGzipWindowBits = 15 + 16;
  constexpr int kDefaultMemory = 8;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindowBits, kDefaultMemory, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return absl::ResourceExhaustedError("out of memory for compression");
  }
  std::string packed(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  // zlib does not write to its input.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  // Room for the worst case is there, so one call does it.
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) {
    return absl::InternalError("compression failed");
  }
  return packed;
}

}  // namespace nodespan::otlp
