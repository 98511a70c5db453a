{{/* The environment that all pods have: list $ NAME, where NAME is a role or `prepare`. */}}
{{- define "urna.environment" -}}
{{- $ := index . 0 -}}{{- $name := index . 1 -}}
{{- $roles := include "urna.roles" $ | fromYaml -}}
{{- $role := index $roles $name | default dict -}}
{{- $own := index $.Values $name -}}
{{- $made := dict
  "SECRET_KEY_FILE" "/run/secrets/urna/secret_key"
  "REDIS_URL_FILE" "/run/secrets/urna/redis_url"
  "VOTE_URL" $.Values.vote.url
  "RESULT_URL" $.Values.result.url
  "SIGNIN_URL" $.Values.signin.url
  "SIGNIN_PROVIDERS" $.Values.signin.providers -}}
{{- if or $role.database (eq $name "prepare") }}
{{- $_ := set $made "DATABASE_URL_FILE" "/run/secrets/urna/database_url" }}
{{- end }}
{{- if eq $name "prepare" }}
{{- range list "worker" "result" "signin" "admin" }}
{{- $_ := set $made (printf "%s_DATABASE_URL_FILE" (upper .)) (printf "/run/secrets/urna/%s_database_url" .) }}
{{- end }}
{{- if $.Values.database.cluster.create }}
{{- /* For twelve pods, as there are during an update of six; its max_connections has room for them. */}}
{{- $_ := set $made "RESULT_CONNECTIONS" "210" }}
{{- end }}
{{- end }}
{{- if $role.pages }}
{{- $hosts := list }}
{{- range list $.Values.vote.url $.Values.result.url $.Values.signin.url }}
{{- with . }}{{ $hosts = append $hosts (urlParse .).hostname }}{{ end }}
{{- end }}
{{- $_ := set $made "ALLOWED_HOSTS" (join "," (append $hosts "localhost" | uniq)) }}
{{- $_ := set $made "URNA_TLS" $.Values.tls }}
{{- $_ := set $made "TRUSTED_PROXIES" (join "," $.Values.trustedProxies) }}
{{- $_ := set $made "CLIENT_ADDRESS" $.Values.clientAddress }}
{{- end }}
{{- range $variable, $_ := merge dict ($own.secretFiles | default dict) $.Values.secretFiles }}
{{- $_ := set $made (printf "%s_FILE" $variable) (printf "/run/secrets/urna/%s" $variable) }}
{{- end }}
{{- $all := merge dict ($own.settings | default dict) $.Values.settings $made }}
{{- range $variable, $value := $all }}
{{- /* A large whole number would be 1e+06. */}}
{{- if and (kindIs "float64" $value) (eq (floor $value) $value) }}{{ $value = int64 $value }}{{ end }}
- {name: {{ $variable }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}

{{/* The secrets of one pod, each as a file: list $ NAME. */}}
{{- define "urna.secrets" -}}
{{- $ := index . 0 -}}{{- $name := index . 1 -}}
{{- $prefix := $.Values.secrets.prefix -}}
{{- $roles := include "urna.roles" $ | fromYaml -}}
{{- $role := index $roles $name | default dict -}}
{{- $own := index $.Values $name -}}
{{- $user := eq $name "prepare" | ternary "operator" $name -}}
defaultMode: 0440
sources:
  - secret: {name: {{ $prefix }}-secret-key, items: [{key: secret_key, path: secret_key}]}
  - secret: {name: {{ $prefix }}-{{ $user }}-redis-{{ $.Values.secrets.redisGeneration }}, items: [{key: url, path: redis_url}]}
  {{- if $role.database }}
  - secret: {name: {{ $prefix }}-{{ $name }}-database, items: [{key: url, path: database_url}]}
  {{- end }}
  {{- if eq $name "prepare" }}
  - secret: {name: {{ $prefix }}-owner-database, items: [{key: url, path: database_url}]}
  {{- range list "worker" "result" "signin" "admin" }}
  - secret: {name: {{ $prefix }}-{{ . }}-database, items: [{key: url, path: {{ . }}_database_url}]}
  {{- end }}
  - secret: {name: {{ $prefix }}-admin-password, items: [{key: password, path: admin_password}]}
  {{- end }}
  {{- range $variable, $where := merge dict ($own.secretFiles | default dict) $.Values.secretFiles }}
  - secret: {name: {{ $where.secret }}, items: [{key: {{ $where.key }}, path: {{ $variable }}}]}
  {{- end }}
{{- end }}

{{/* What all pods have beside their containers. They may do nothing that the "restricted" standard forbids. */}}
{{- define "urna.pod" -}}
automountServiceAccountToken: false
# A Service named VOTE would set VOTE_PORT, which is a setting.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .Values.user }}
  runAsGroup: {{ .Values.user }}
  fsGroup: {{ .Values.user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "urna.container" -}}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  - {name: secrets, mountPath: /run/secrets/urna, readOnly: true}
{{- end }}

{{- define "urna.tmp" -}}
- name: tmp
  emptyDir: {medium: Memory, sizeLimit: 16Mi}
{{- end }}
