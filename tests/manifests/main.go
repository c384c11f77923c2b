// SPDX-License-Identifier: Apache-2.0

// manifests renders what deploy/daemonset holds, as kubectl and helm do, and checks it against the types of Kubernetes.
//
//	manifests kustomize DIR            renders a Kustomize folder
//	manifests helm CHART [VALUES...]   renders a Helm chart with files of values, in the namespace nodespan
//	manifests check                    reads objects from standard input; a field that its kind does not have is an error
//
// Objects are lines of JSON, on standard output and input. Exit status 0 only when there was nothing to complain about.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "manifests:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	switch {
	case len(args) == 2 && args[0] == "kustomize":
		return renderKustomize(args[1], out)
	case len(args) >= 2 && args[0] == "helm":
		return renderChart(args[1], args[2:], out)
	case len(args) == 1 && args[0] == "check":
		return checkObjects(in, out)
	}
	return fmt.Errorf("usage: manifests kustomize DIR | helm CHART [VALUES...] | check")
}
