// SPDX-License-Identifier: Apache-2.0
// Cuts long answers of the API server into pieces while they come in, so that memory is needed for one object at a
// time: a list of pods can have dozens of megabytes, and a watch never ends. Foreign bytes; a piece that is too large
// is left out and counted, what follows is not affected.
//
// Thread: one.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace nodespan::k8s {

// An object may have 1.5 MiB in etcd and is a little longer as JSON.
inline constexpr size_t kMaxObjectBytes = size_t{2} * 1024 * 1024;

// One JSON object {"items": [...], "metadata": {...}, ...}: the elements of `items` one by one, and the other members.
class ListSplitter {
 public:
  using OnItem = std::function<void(std::string_view json)>;
  using OnMember = std::function<void(std::string_view key, std::string_view json)>;

  // The texts are valid during the call. They are not checked further than it takes to find their ends.
  ListSplitter(OnItem on_item, OnMember on_member);

  void Feed(std::string_view bytes);

  // kDataLoss: the object is not complete, or the text is none.
  absl::Status Finish() const;

  size_t oversized_count() const { return oversized_count_; }

 private:
  void Step(char c);
  void Open(char c);
  void Close(char c);
  void Keep(char c);
  void EndPiece();

  const OnItem on_item_;
  const OnMember on_member_;
  size_t depth_ = 0;  // of brackets of both kinds
  bool in_string_ = false;
  bool is_escaped_ = false;
  bool in_items_ = false;
  bool has_key_ = false;  // the key of the current member is complete
  bool is_done_ = false;
  bool is_malformed_ = false;
  bool is_oversized_ = false;  // the current piece
  std::string key_;
  std::string piece_;
  size_t oversized_count_ = 0;
};

// Lines, each an event of a watch.
class LineSplitter {
 public:
  explicit LineSplitter(std::function<void(std::string_view line)> on_line) : on_line_(std::move(on_line)) {}

  // Empty lines are passed over. What stands behind the last line break waits for the rest.
  void Feed(std::string_view bytes);

  size_t oversized_count() const { return oversized_count_; }

 private:
  const std::function<void(std::string_view)> on_line_;
  std::string rest_;
  bool is_oversized_ = false;
  size_t oversized_count_ = 0;
};

}  // namespace nodespan::k8s
