# vidmbench with the I3D weights inside, in the versions of constraints.txt (docs/container.md):
#   docker build -t vidmbench:cpu .
#   docker build -t vidmbench:cuda --build-arg DEVICE=cuda .

FROM python:3.11-slim AS wheel
ARG PIP_INDEX_URL
WORKDIR /src
COPY constraints.txt ./
RUN pip install --no-cache-dir -c constraints.txt hatchling
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY vidmbench vidmbench
COPY protocols protocols
COPY baselines baselines
COPY results results
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.11-slim
# cpu: PyTorch without CUDA, and OpenVINO, the faster engine on CPUs.
# cuda: PyTorch with its own CUDA libraries; of the host only the driver is used.
ARG DEVICE=cpu
# Another package index for PyTorch: a mirror, or that of another version of CUDA.
ARG TORCH_INDEX=
ARG PIP_INDEX_URL
# Packages in a user's home, which Apptainer mounts, are not part of this environment.
ENV PYTHONNOUSERSITE=1 PIP_NO_CACHE_DIR=1
COPY constraints.txt LICENSE NOTICE /opt/vidmbench/
COPY --from=wheel /wheels /opt/vidmbench/wheels
# PyTorch alone comes from its index, which lacks the exact versions of what it depends on.
RUN set -eu; \
    case "$DEVICE" in \
        cpu) extra="[cpu]"; index="${TORCH_INDEX:-https://download.pytorch.org/whl/cpu}" ;; \
        cuda) extra=""; index="$TORCH_INDEX" ;; \
        *) echo "DEVICE is cpu or cuda, not '$DEVICE'" >&2; exit 2 ;; \
    esac; \
    if [ -n "$index" ]; then \
        pip install --no-deps --index-url "$index" -c /opt/vidmbench/constraints.txt torch; \
    fi; \
    pip install -c /opt/vidmbench/constraints.txt "$(echo /opt/vidmbench/wheels/*.whl)$extra"
# Whoever runs the image, as any user and without a network, finds the weights; what is added later goes to a cache.
ENV VIDMBENCH_WEIGHTS=/opt/vidmbench/weights
RUN VIDMBENCH_CACHE=/opt/vidmbench vidmbench weights get i3d-kinetics400 \
    && rm -f /opt/vidmbench/weights/*.lock && chmod -R a+rX /opt/vidmbench
RUN mkdir -p /home/vidmbench/.cache /work && chmod 1777 /home/vidmbench /home/vidmbench/.cache /work
ENV HOME=/home/vidmbench
# Recomputes a number whose value is known; an image that gives another one is not built.
RUN VIDMBENCH_CACHE=/tmp/doctor vidmbench doctor && rm -rf /tmp/doctor
WORKDIR /work
ENTRYPOINT ["vidmbench"]
CMD ["--help"]
