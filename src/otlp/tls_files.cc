// SPDX-License-Identifier: Apache-2.0
#include "otlp/tls_files.h"

#include <cerrno>
#include <fstream>
#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"
#include "fmt/format.h"

namespace nodespan::otlp {
namespace {

absl::Status CheckPemFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  if (!file) {
    return base::ErrnoStatus(errno == 0 ? EIO : errno, fmt::format("read {}", path));
  }
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("-----BEGIN ")) {
      return absl::OkStatus();
    }
  }
  return base::MakeStatus(absl::StatusCode::kInvalidArgument, "{} is not a PEM file", path);
}

}  // namespace

absl::StatusOr<TlsFiles> CheckTlsFiles(TlsFiles files, std::vector<std::string>* warnings) {
  if (files.client_cert_file.empty() != files.client_key_file.empty()) {
    warnings->push_back("OTLP client certificate and key are both needed; only one is set, no client certificate used");
    files.client_cert_file.clear();
    files.client_key_file.clear();
  }
  for (const std::string& path : {files.ca_file, files.client_cert_file, files.client_key_file}) {
    if (!path.empty()) {
      NODESPAN_RETURN_IF_ERROR(CheckPemFile(path));
    }
  }
  return files;
}

}  // namespace nodespan::otlp
