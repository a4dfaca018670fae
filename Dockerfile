# One image for every role. Built in two stages: what compiles or fetches stays behind.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 XDG_CACHE_HOME=/opt/cache
WORKDIR /opt/homeostat
COPY requirements.lock pyproject.toml ./
RUN python -m venv .venv && .venv/bin/pip install --require-hashes -r requirements.lock
COPY . .
RUN .venv/bin/python config/link.py && .venv/bin/python -m api.dashboard.libraries \
    && .venv/bin/python -m compileall -q api config processors projections streams

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/homeostat --create-home homeostat
COPY --from=build /opt/homeostat /opt/homeostat
COPY --from=build /opt/cache /opt/cache
ENV PATH=/opt/homeostat/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    XDG_CACHE_HOME=/opt/cache \
    HOMEOSTAT_HOME=/var/lib/homeostat
WORKDIR /opt/homeostat
USER homeostat
VOLUME /var/lib/homeostat
ENTRYPOINT ["homeostat", "role"]
CMD ["api"]
