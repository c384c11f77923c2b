// SPDX-License-Identifier: Apache-2.0
#include "k8s/json_stream.h"

#include <utility>

namespace nodespan::k8s {
namespace {

constexpr std::string_view kItems = "items";

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The key without its quotes. Escapes are left as they are: none of the keys that matter has any.
std::string_view Unquote(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

ListSplitter::ListSplitter(OnItem on_item, OnMember on_member)
    : on_item_(std::move(on_item)), on_member_(std::move(on_member)) {}

void ListSplitter::Feed(std::string_view bytes) {
  for (const char c : bytes) {
    Step(c);
  }
}

absl::Status ListSplitter::Finish() const {
  return is_done_ && !is_malformed_ ? absl::OkStatus() : absl::DataLossError("the list is not complete");
}

void ListSplitter::Step(char c) {
  if (in_string_) {
    Keep(c);
    in_string_ = is_escaped_ || c != '"';
    is_escaped_ = !is_escaped_ && c == '\\';
    return;
  }
  if (IsBlank(c)) {
    return;
  }
  if (is_done_ || (depth_ == 0 && c != '{')) {
    is_malformed_ = true;
    return;
  }
  switch (c) {
    case '"':
      in_string_ = true;
      Keep(c);
      return;
    case '{':
    case '[': Open(c); return;
    case '}':
    case ']': Close(c); return;
    case ':':
      if (depth_ == 1 && !has_key_) {
        key_ = Unquote(piece_);
        has_key_ = true;
        piece_.clear();
        return;
      }
      break;
    case ',':
      if (depth_ == 1 || (in_items_ && depth_ == 2)) {
        EndPiece();
        return;
      }
      break;
    default: break;
  }
  Keep(c);
}

void ListSplitter::Open(char c) {
  ++depth_;
  if (depth_ == 2 && c == '[' && has_key_ && key_ == kItems) {
    in_items_ = true;
  } else if (depth_ > 1) {
    Keep(c);
  }
}

void ListSplitter::Close(char c) {
  --depth_;
  if (depth_ == 0) {
    EndPiece();
    is_done_ = true;
  } else if (depth_ == 1 && in_items_) {
    EndPiece();
    in_items_ = false;
  } else {
    Keep(c);
  }
}

void ListSplitter::Keep(char c) {
  if (piece_.size() < kMaxObjectBytes) {
    piece_.push_back(c);
  } else {
    is_oversized_ = true;
  }
}

void ListSplitter::EndPiece() {
  if (is_oversized_) {
    ++oversized_count_;
  } else if (in_items_ && !piece_.empty()) {
    on_item_(piece_);
  } else if (has_key_ && !piece_.empty()) {
    on_member_(key_, piece_);
  }
  piece_.clear();
  is_oversized_ = false;
  if (!in_items_) {
    has_key_ = false;
  }
}

void LineSplitter::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (rest_.size() + part.size() > kMaxObjectBytes) {
      is_oversized_ = true;
      rest_.clear();
    }
    if (!is_oversized_) {
      rest_ += part;
    }
    if (end == std::string_view::npos) {
      return;
    }
    bytes.remove_prefix(end + 1);
    if (is_oversized_) {
      ++oversized_count_;
    } else if (!rest_.empty()) {
      on_line_(rest_);
    }
    rest_.clear();
    is_oversized_ = false;
  }
}

}  // namespace nodespan::k8s
