// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/test_certificates.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "openssl/bio.h"
#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/x509.h"
#include "openssl/x509v3.h"

namespace nodespan::testing {
namespace {

struct Deleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

void Require(bool ok, const char* what) {
  if (!ok) {
    std::fprintf(stderr, "test certificates: %s failed\n", what);
    std::abort();
  }
}

template <typename Write>
std::string ToPem(Write&& write) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  Require(write(bio.get()) == 1, "writing PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

std::string CertificatePem(X509* certificate) {
  return ToPem([certificate](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  Require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

// An unsigned certificate for `key`, valid from an hour ago for a day. `issuer` null: self-signed.
Owned<X509> MakeCertificate(const std::string& name, EVP_PKEY* key, X509* issuer) {
  static std::atomic<long> serial = 1;
  Owned<X509> certificate(X509_new());
  X509* x509 = certificate.get();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
  X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), 24 * 3600);
  Require(X509_set_pubkey(x509, key) == 1, "public key");
  X509_NAME* subject = X509_get_subject_name(x509);
  Require(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()),
                                     -1, -1, 0) == 1,
          "subject");
  X509_set_issuer_name(x509, issuer == nullptr ? subject : X509_get_subject_name(issuer));
  return certificate;
}

}  // namespace

struct TestCa::Impl {
  Owned<EVP_PKEY> key;
  Owned<X509> certificate;
  std::string certificate_pem;
};

TestCa::TestCa(const std::string& name) : impl_(std::make_unique<Impl>()) {
  impl_->key.reset(EVP_EC_gen("P-256"));
  Require(impl_->key != nullptr, "key");
  impl_->certificate = MakeCertificate(name, impl_->key.get(), nullptr);
  X509* x509 = impl_->certificate.get();
  AddExtension(x509, x509, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(x509, x509, NID_key_usage, "critical,keyCertSign,cRLSign");
  Require(X509_sign(x509, impl_->key.get(), EVP_sha256()) != 0, "signature");
  impl_->certificate_pem = CertificatePem(x509);
}

TestCa::~TestCa() = default;

const std::string& TestCa::certificate_pem() const { return impl_->certificate_pem; }

KeyAndCertificate TestCa::Issue(const std::string& dns_name) const {
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  Require(key != nullptr, "key");
  const Owned<X509> certificate = MakeCertificate(dns_name, key.get(), impl_->certificate.get());
  AddExtension(certificate.get(), impl_->certificate.get(), NID_subject_alt_name, "DNS:" + dns_name);
  Require(X509_sign(certificate.get(), impl_->key.get(), EVP_sha256()) != 0, "signature");
  return {CertificatePem(certificate.get()), ToPem([&key](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace nodespan::testing
