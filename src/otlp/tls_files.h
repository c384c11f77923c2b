// SPDX-License-Identifier: Apache-2.0
// The files that TLS and mutual TLS take.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace nodespan::otlp {

// PEM files; empty: not used. They are read again when they change (mounted Secrets are).
struct TlsFiles {
  std::string ca_file;  // empty: the system's roots
  std::string client_cert_file;
  std::string client_key_file;
  // How often they are looked at while nothing connects; OTLP/HTTP reads them for each connection instead. Whole
  // seconds, at least one.
  absl::Duration reload_interval = absl::Minutes(1);
};

// `files` without half a client certificate, which is described in `warnings`. A file that cannot be read is an error
// now (kNotFound, kPermissionDenied, ...; kInvalidArgument: no PEM file) instead of handshakes that fail later.
absl::StatusOr<TlsFiles> CheckTlsFiles(TlsFiles files, std::vector<std::string>* warnings);

}  // namespace nodespan::otlp
