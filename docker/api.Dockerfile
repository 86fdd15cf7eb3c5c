# The API, and the migrations: `docker build -f docker/api.Dockerfile .`
FROM python:3.11.15-slim-bookworm@sha256:d29f48a31a8b408ed19272ca1e7b10ebae13b240a27e862d3d4217c528e2e0c3 AS build
COPY docker/api.lock /build/requirements.lock
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install --only-binary :all: --require-hashes \
       --requirement /build/requirements.lock

FROM python:3.11.15-slim-bookworm@sha256:d29f48a31a8b408ed19272ca1e7b10ebae13b240a27e862d3d4217c528e2e0c3
# The same account in every image, because they share the audio on a volume.
RUN useradd --uid 10001 --user-group --no-create-home app && install --directory --owner app --group app /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY alembic.ini ./
COPY alembic alembic/
COPY shared shared/
COPY api api/
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data
# The folder in which a program's processes share their metrics; it goes with the container.
ENV PROMETHEUS_MULTIPROC_DIR=/tmp/metrics
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
# uvicorn reads WEB_CONCURRENCY, the number of its processes.
CMD ["python", "-m", "uvicorn", "api.main:app", "--host", "0.0.0.0", "--port", "8000", "--no-access-log", \
     "--log-config", "api/log_config.json", "--http", "api.http.connections:BoundedConnection", "--ws", "none", \
     "--timeout-graceful-shutdown", "10"]
