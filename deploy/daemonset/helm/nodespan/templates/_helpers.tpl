{{/* SPDX-License-Identifier: Apache-2.0 */}}

{{/* Names of all objects: that of the release, so that two of them do not meet in a cluster. */}}
{{- define "nodespan.name" -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* What pods are found by; never changes. */}}
{{- define "nodespan.selector" -}}
app.kubernetes.io/name: nodespan
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "nodespan.labels" -}}
{{ include "nodespan.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "nodespan.sysAdmin" -}}
{{- if or .Values.olderKernels .Values.openshift .Values.propagate }}yes{{ end -}}
{{- end -}}

{{- define "nodespan.volumes" -}}
{{- if or (eq .Values.podSource "cri") .Values.hostId }}yes{{ end -}}
{{- end -}}
