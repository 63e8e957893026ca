# One image for every handler: TROUPE_HANDLER says which one a service is. With CONTENT=console it holds
# what `python -m troupe console` needs as well.
# Debian's own Python has no pip, and gets Debian's security updates. BASE can name a digest.
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build

ARG CONTENT=service
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 DEBIAN_FRONTEND=noninteractive
# hadolint ignore=DL3008
RUN apt-get update -qq \
  && apt-get install -qq --yes --no-install-recommends python3-venv \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt
RUN python3 -m venv --without-pip /opt/packages && python3 -m venv /opt/pip
COPY requirements/${CONTENT}.txt /tmp/requirements.txt
# The pins name all that is imported; the clients' other dependencies stay out.
RUN /opt/pip/bin/pip --python /opt/packages/bin/python install \
  --no-deps --require-hashes --only-binary=:all: --no-compile --requirement /tmp/requirements.txt

FROM ${BASE}

# hadolint ignore=DL3008
RUN apt-get update -qq \
  && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends ca-certificates python3 \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt \
  && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin troupe
# Cloud Run's disk is memory: nothing is written to it, not even caches.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/packages/bin:$PATH
COPY --from=build /opt/packages /opt/packages
# The packages as they are: nothing is built, so nothing can come in with a build tool.
WORKDIR /opt/troupe
COPY . .
RUN python3 -m compileall -q /opt/packages/lib .
USER 10001
EXPOSE 8080
ENTRYPOINT ["python", "-m", "troupe.backends.gcp.service"]
