// SPDX-License-Identifier: Apache-2.0
// What was wrong with the configuration without being fatal, for the daemon to log once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nodespan::config {

// `text` in double quotes, on one line, cut after 80 bytes: values come from outside and must not forge log lines.
std::string Quote(std::string_view text);

// `text` on one line, with \xNN for what is not printable ASCII.
std::string Escape(std::string_view text);

class Warnings {
 public:
  // `NAME="value": problem; consequence`. The consequence says what is used instead.
  void AddBadValue(std::string_view name, std::string_view value, std::string_view problem,
                   std::string_view consequence);
  // For variables whose value is a secret or beside the point: `NAME: problem; consequence`.
  void Add(std::string_view name, std::string_view problem, std::string_view consequence);

  // `problem; consequence`, for a problem that names the variable.
  void Add(std::string_view problem, std::string_view consequence);

  // Keeps the first of equal ones: two settings may read the same variable.
  void DropRepeated();

  const std::vector<std::string>& list() const { return list_; }
  std::vector<std::string> Take() && { return std::move(list_); }

 private:
  std::vector<std::string> list_;
};

}  // namespace nodespan::config
