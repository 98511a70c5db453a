# Urna with PostgreSQL's client programs, for docker/backup.yaml alone: no role needs them.
ARG URNA_IMAGE=urna:latest
FROM ${URNA_IMAGE}
USER root
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends postgresql-client >/dev/null \
 && rm -rf /var/lib/apt/lists/*
USER urna
