# hcr-scan without training libraries, as a user without rights:
#   docker build -t hcr-scan .
#   docker run --rm --network none --user "$(id -u):$(id -g)" -v "$PWD:/data" hcr-scan folder/ --out results.csv
# Poppler and other Debian packages on request: --build-arg DEBIAN_PACKAGES=poppler-utils
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY hcr_scan hcr_scan
COPY training/hcr_scan_training training/hcr_scan_training
RUN python -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir uv
# The versions that were tested, by their hashes.
RUN /opt/build/bin/uv export --quiet --frozen --no-dev --no-emit-project --extra sql --output-file /opt/build/requirements.txt
RUN python -m venv /opt/hcr-scan && /opt/hcr-scan/bin/pip install --no-cache-dir --require-hashes -r /opt/build/requirements.txt
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --wheel-dir /opt/build . \
    && /opt/hcr-scan/bin/pip install --no-cache-dir --no-deps /opt/build/*.whl

FROM python:3.12-slim
ARG DEBIAN_PACKAGES=""
RUN if [ -n "$DEBIAN_PACKAGES" ]; then \
        apt-get update && apt-get install -y --no-install-recommends $DEBIAN_PACKAGES && rm -rf /var/lib/apt/lists/*; \
    fi
COPY --from=build /opt/hcr-scan /opt/hcr-scan
# Users that --user names have no home.
ENV PATH=/opt/hcr-scan/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1
# Fails where a library of the system is missing.
RUN hcr-scan model > /dev/null && python -c "import cv2, onnxruntime, pypdfium2"
WORKDIR /data
USER 10001:10001
ENTRYPOINT ["hcr-scan"]
CMD ["--help"]
