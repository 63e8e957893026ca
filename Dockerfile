# One image for every handler: TROUPE_HANDLER says which one a service is.
FROM python:3.13-slim-trixie AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/packages
COPY requirements/gcp.txt /tmp/requirements.txt
RUN /opt/packages/bin/pip install --require-hashes --only-binary=:all: --requirement /tmp/requirements.txt

FROM python:3.13-slim-trixie

# Cloud Run's disk is memory: nothing is written to it, not even caches.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/packages/bin:$PATH
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin troupe
COPY --from=build /opt/packages /opt/packages
# The five rooms as they are: nothing is built, so nothing can come in with a build tool.
WORKDIR /opt/troupe
COPY . .
RUN python -m compileall -q .
USER 10001
EXPOSE 8080
ENTRYPOINT ["python", "-m", "troupe.backends.gcp.service"]
