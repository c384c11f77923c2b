// SPDX-License-Identifier: Apache-2.0
#include "attach/peer_plan.h"

#include <iterator>
#include <string_view>
#include <utility>

#include "attach/plan_steps.h"
#include "attach/probe_catalog.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using goinspect::GoBinary;
using Peer = ns_peer_params;

constexpr std::string_view kInt[] = {"int"};
constexpr std::string_view kNetConn[] = {"net.Conn"};
constexpr std::string_view kNetAddr[] = {"net.Addr"};
constexpr std::string_view kNetIp[] = {"net.IP"};

// Source: net/fd_posix.go, type netFD; net/tcpsock.go, type TCPAddr; crypto/tls/conn.go, type Conn.
constexpr FieldSpec<Peer> kPeerFields[] = {
    {"net.netFD", "raddr", kNetAddr, &Peer::net_fd_raddr_off},
    {"net.TCPAddr", "IP", kNetIp, &Peer::tcp_addr_ip_off},
    {"net.TCPAddr", "Port", kInt, &Peer::tcp_addr_port_off},
};
constexpr FieldSpec<Peer> kTlsFields[] = {{"crypto/tls.Conn", "conn", kNetConn, &Peer::tls_conn_conn_off}};

// The program takes the pointer at the start of a *net.TCPConn for its *netFD.
absl::Status CheckTcpConn(const GoBinary& binary) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType tcp_conn, binary.FindStruct("net.TCPConn"));
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType conn, binary.FindStruct("net.conn"));
  const goinspect::Field* embedded = tcp_conn.FindField("conn");
  const goinspect::Field* fd = conn.FindField("fd");
  if (embedded == nullptr || embedded->offset != 0 || fd == nullptr || fd->offset != 0 ||
      fd->qualified_type_name != "*net.netFD") {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "net.TCPConn does not begin with its *net.netFD");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PlanConnectionPeer(const GoBinary& binary, ns_peer_params* peer, LibraryPlan* plan) {
  ns_peer_params found{};
  LibraryPlan part;
  uint32_t present = 0;
  NODESPAN_RETURN_IF_ERROR(ResolveFields<Peer>(binary, kPeerFields, &found, &present, &part));
  NODESPAN_RETURN_IF_ERROR(CheckTcpConn(binary));
  NODESPAN_ASSIGN_OR_RETURN(found.tcp_conn_itab_vaddr, binary.FindItab("net.Conn", "*net.TCPConn"));
  NODESPAN_ASSIGN_OR_RETURN(found.tcp_addr_itab_vaddr, binary.FindItab("net.Addr", "*net.TCPAddr"));
  const auto tls = binary.FindItab("net.Conn", "*crypto/tls.Conn");
  if (tls.ok() && ResolveFields<Peer>(binary, kTlsFields, &found, &present, &part).ok()) {
    found.tls_conn_itab_vaddr = *tls;
  }
  *peer = found;
  std::move(part.fields.begin(), part.fields.end(), std::back_inserter(plan->fields));
  return absl::OkStatus();
}

}  // namespace nodespan::attach
