// SPDX-License-Identifier: Apache-2.0

// apiserver is Kubernetes' API server and the etcd that it keeps its objects in, in one executable:
//
//	apiserver etcd FLAGS...
//	apiserver kube-apiserver FLAGS...
//
// Tests run both as the real control plane that nodespan lists and watches pods at. There is no kubelet.
package main

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	command := ""
	if len(os.Args) > 1 {
		command = os.Args[1]
		os.Args = append(os.Args[:1], os.Args[2:]...)
	}
	switch command {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(app.NewAPIServerCommand()))
	default:
		fmt.Fprintln(os.Stderr, "apiserver: expected etcd or kube-apiserver")
		os.Exit(2)
	}
}
