// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	rbac "k8s.io/api/rbac/v1"
	scheduling "k8s.io/api/scheduling/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	strict "sigs.k8s.io/json"
)

// securityContextConstraints has the fields of security.openshift.io/v1 that are used here; its own module has no releases.
type securityContextConstraints struct {
	meta.TypeMeta            `json:",inline"`
	meta.ObjectMeta          `json:"metadata"`
	Priority                 *int32            `json:"priority"`
	AllowPrivilegedContainer bool              `json:"allowPrivilegedContainer"`
	AllowPrivilegeEscalation *bool             `json:"allowPrivilegeEscalation"`
	AllowHostDirVolumePlugin bool              `json:"allowHostDirVolumePlugin"`
	AllowHostIPC             bool              `json:"allowHostIPC"`
	AllowHostNetwork         bool              `json:"allowHostNetwork"`
	AllowHostPID             bool              `json:"allowHostPID"`
	AllowHostPorts           bool              `json:"allowHostPorts"`
	AllowedCapabilities      []core.Capability `json:"allowedCapabilities"`
	DefaultAddCapabilities   []core.Capability `json:"defaultAddCapabilities"`
	RequiredDropCapabilities []core.Capability `json:"requiredDropCapabilities"`
	ReadOnlyRootFilesystem   bool              `json:"readOnlyRootFilesystem"`
	Volumes                  []string          `json:"volumes"`
	SeccompProfiles          []string          `json:"seccompProfiles"`
	Users                    []string          `json:"users"`
	Groups                   []string          `json:"groups"`
	RunAsUser                struct {
		Type string `json:"type"`
	} `json:"runAsUser"`
	SELinuxContext struct {
		Type string `json:"type"`
	} `json:"seLinuxContext"`
	FSGroup struct {
		Type string `json:"type"`
	} `json:"fsGroup"`
	SupplementalGroups struct {
		Type string `json:"type"`
	} `json:"supplementalGroups"`
}

// kinds are all that the manifests may hold.
var kinds = map[string]func() any{
	"v1/Namespace":                                        func() any { return &core.Namespace{} },
	"v1/ServiceAccount":                                   func() any { return &core.ServiceAccount{} },
	"v1/ConfigMap":                                        func() any { return &core.ConfigMap{} },
	"apps/v1/DaemonSet":                                   func() any { return &apps.DaemonSet{} },
	"networking.k8s.io/v1/NetworkPolicy":                  func() any { return &networking.NetworkPolicy{} },
	"rbac.authorization.k8s.io/v1/Role":                   func() any { return &rbac.Role{} },
	"rbac.authorization.k8s.io/v1/RoleBinding":            func() any { return &rbac.RoleBinding{} },
	"rbac.authorization.k8s.io/v1/ClusterRole":            func() any { return &rbac.ClusterRole{} },
	"rbac.authorization.k8s.io/v1/ClusterRoleBinding":     func() any { return &rbac.ClusterRoleBinding{} },
	"scheduling.k8s.io/v1/PriorityClass":                  func() any { return &scheduling.PriorityClass{} },
	"security.openshift.io/v1/SecurityContextConstraints": func() any { return &securityContextConstraints{} },
}

// checkObjects names every object it has read; errors are told together.
func checkObjects(in io.Reader, out io.Writer) error {
	reader := json.NewDecoder(in)
	var problems []error
	for {
		var text json.RawMessage
		err := reader.Decode(&text)
		if err == io.EOF {
			return errors.Join(problems...)
		}
		if err != nil {
			return err
		}
		name, err := checkObject(text)
		if err != nil {
			problems = append(problems, err)
		} else {
			fmt.Fprintln(out, name)
		}
	}
}

func checkObject(text []byte) (string, error) {
	var head struct {
		meta.TypeMeta `json:",inline"`
		Metadata      meta.ObjectMeta `json:"metadata"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return "", err
	}
	kind := head.APIVersion + "/" + head.Kind
	name := kind + " " + head.Metadata.Name
	make, known := kinds[kind]
	if !known {
		return "", fmt.Errorf("%s: not a kind that is expected here", name)
	}
	if head.Metadata.Name == "" {
		return "", fmt.Errorf("%s: it has no name", kind)
	}
	// As the API server does it: case counts, unlike in encoding/json.
	problems, err := strict.UnmarshalStrict(text, make())
	if err := errors.Join(append(problems, err)...); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return name, nil
}
