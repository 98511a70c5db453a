{{/*
The roles that run with these values, as YAML. tests/chart compares it with voting_site/roles.py.
`pages` is for those that visitors reach, `web` for those that listen, `database` for those with a user of PostgreSQL.
*/}}
{{- define "urna.roles" -}}
vote: {web: true, pages: true, database: false}
result: {web: true, pages: true, database: true}
{{- if .Values.signin.providers }}
signin: {web: true, pages: true, database: true}
{{- end }}
admin: {web: true, pages: false, database: true}
worker: {web: false, pages: false, database: true}
beat: {web: false, pages: false, database: false}
{{- end }}

{{- define "urna.labels" -}}
{{ include "urna.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "urna.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The image of one role: list $ ROLE. */}}
{{- define "urna.image" -}}
{{- $ := index . 0 -}}{{- $name := index . 1 -}}
{{- $tag := $.Values.image.tag | default $.Chart.AppVersion -}}
{{- with $.Values.image.held -}}
{{- if has $name (.roles | default list) }}{{ $tag = .tag }}{{ end -}}
{{- end -}}
{{ $.Values.image.repository }}:{{ $tag }}
{{- end }}

{{- define "urna.cluster" -}}{{ .Release.Name }}-db{{- end }}

{{/* Where the pods of PostgreSQL are, as labels; nothing for a server elsewhere. */}}
{{- define "urna.databasePods" -}}
{{- if .Values.database.cluster.create -}}
cnpg.io/cluster: {{ include "urna.cluster" . }}
{{- else -}}
{{- with .Values.database.pods }}{{ toYaml . }}{{ end -}}
{{- end -}}
{{- end }}
