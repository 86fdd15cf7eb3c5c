# The programs that need no GPU: the LLM worker and, with other commands, the maintenance worker, Flower and,
# in development, a GPU worker with CPU engines. `docker build -f docker/worker.Dockerfile .`
FROM python:3.11.15-slim-bookworm@sha256:d29f48a31a8b408ed19272ca1e7b10ebae13b240a27e862d3d4217c528e2e0c3 AS build
COPY docker/worker.lock /build/requirements.lock
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install --only-binary :all: --require-hashes \
       --requirement /build/requirements.lock

FROM python:3.11.15-slim-bookworm@sha256:d29f48a31a8b408ed19272ca1e7b10ebae13b240a27e862d3d4217c528e2e0c3
# The same account in every image, because they share the audio on a volume.
RUN useradd --uid 10001 --user-group --no-create-home app && install --directory --owner app --group app /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY shared shared/
COPY worker worker/
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data
# The folder in which a program's processes share their metrics, and where a worker serves them.
ENV PROMETHEUS_MULTIPROC_DIR=/tmp/metrics METRICS_PORT=9801 METRICS_HOST=0.0.0.0
USER 10001:10001
EXPOSE 9801
# No health check here: each command has its own, in docker-compose.yml.
CMD ["python", "-m", "celery", "--quiet", "-A", "worker.main", "worker", "--without-gossip", "--without-mingle", \
     "--loglevel", "WARNING", "-Q", "llm", "-n", "llm@%h", "--pool", "threads", "--concurrency", "16"]
