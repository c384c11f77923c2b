// SPDX-License-Identifier: Apache-2.0
// Throw-away certificates for TLS tests, made at run time so that no private key lies in the repository.
#pragma once

#include <memory>
#include <string>

namespace nodespan::testing {

struct KeyAndCertificate {
  std::string certificate_pem;
  std::string key_pem;
};

// A certificate authority that lives as long as the test. Failures of the crypto library abort the test process.
class TestCa {
 public:
  explicit TestCa(const std::string& name);
  ~TestCa();

  const std::string& certificate_pem() const;
  // For a server: valid for `dns_name`. For a client: any name will do.
  KeyAndCertificate Issue(const std::string& dns_name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nodespan::testing
