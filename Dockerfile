# One image for every Fruition process; which one it is, docker-compose.yml says.
#
# The base is named by its exact tag. To hold it to the byte, add @sha256:… as `docker buildx imagetools inspect` tells it.
ARG PYTHON=python:3.12.13-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
RUN python -m venv /opt/fruition
WORKDIR /srv/fruition
COPY requirements.lock ./
RUN /opt/fruition/bin/pip install --no-deps --require-hashes --only-binary :all: -r requirements.lock
COPY . .
# Installed in place: the stages read contracts and SQL beside the code.
RUN /opt/fruition/bin/pip install --no-deps --no-build-isolation --editable . \
    && /opt/fruition/bin/pip check \
    && /opt/fruition/bin/python -m compileall -q pipelines fruition_airflow dags scripts examples \
    && /opt/fruition/bin/python -m scripts.compile_plan \
    && rm -rf warehouse/target/plans/dbt

FROM ${PYTHON}
RUN groupadd --gid 50000 fruition \
    && useradd --uid 50000 --gid fruition --home-dir /home/fruition --create-home --shell /usr/sbin/nologin fruition \
    && install --directory --owner fruition --group fruition /data /data/published /logs
COPY --from=build /opt/fruition /opt/fruition
COPY --from=build /srv/fruition /srv/fruition
ENV PATH=/opt/fruition/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/srv/fruition \
    FRUITION_HOME=/data \
    FRUITION_FEEDS=/srv/fruition/feeds \
    AIRFLOW_HOME=/home/fruition
WORKDIR /srv/fruition
USER 50000:50000
CMD ["fruition", "doctor"]
