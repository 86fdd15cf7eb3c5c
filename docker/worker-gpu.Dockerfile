# The GPU worker: Whisper and the neural voice. `docker build -f docker/worker-gpu.Dockerfile .`
# The CUDA 12 runtime comes with torch's wheels and is locked with them; the host provides only the driver.
FROM python:3.11.15-slim-bookworm@sha256:d29f48a31a8b408ed19272ca1e7b10ebae13b240a27e862d3d4217c528e2e0c3 AS build
COPY docker/worker-gpu.lock /build/requirements.lock
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install --require-hashes --requirement /build/requirements.lock

FROM python:3.11.15-slim-bookworm@sha256:d29f48a31a8b408ed19272ca1e7b10ebae13b240a27e862d3d4217c528e2e0c3
# The same account in every image, because they share the audio on a volume.
RUN useradd --uid 10001 --user-group --no-create-home app \
    && install --directory --owner app --group app /data /models
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY shared shared/
COPY worker worker/
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data HF_HOME=/models NUMBA_CACHE_DIR=/tmp
# The folder in which a program's processes share their metrics, and where a worker serves them.
ENV PROMETHEUS_MULTIPROC_DIR=/tmp/metrics METRICS_PORT=9801 METRICS_HOST=0.0.0.0
# As in NVIDIA's own images: ask the container runtime for the driver, and refuse one that is too old.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility NVIDIA_REQUIRE_CUDA=cuda>=12.4
# CTranslate2 looks for CUDA among the system's libraries, not in torch's wheels.
ENV LD_LIBRARY_PATH=/opt/venv/lib/python3.11/site-packages/nvidia/cublas/lib:/opt/venv/lib/python3.11/site-packages/nvidia/cudnn/lib
USER 10001:10001
EXPOSE 9801
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s \
    CMD ["sh", "-c", "celery --broker $REDIS_URL inspect ping --timeout 5 --destination gpu@$(hostname)"]
CMD ["python", "-m", "celery", "--quiet", "-A", "worker.main", "worker", "--without-gossip", "--without-mingle", \
     "--loglevel", "WARNING", "-Q", "gpu", "-n", "gpu@%h", "--pool", "prefork", "--concurrency", "1"]
