# Paperround in a container, as nobody in particular and on a root that cannot be written to:
#
#   docker build --tag paperround .
#   docker run --read-only --tmpfs /tmp --publish 127.0.0.1:8000:8000 \
#     --volume "$PWD/config:/etc/paperround:ro" --volume "$PWD/articles:/srv/articles:ro" \
#     --volume paperround:/var/lib/paperround paperround
#
# The configuration is a folder, never a single file: editors replace files, and a mounted file
# would not follow. In it: `web: {listen: "0.0.0.0:8000"}`, and the store in /var/lib/paperround.

FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE ./
COPY feeds feeds
COPY notifier notifier
COPY config config
COPY seeds seeds
# The versions of the lock; the tools of developers, which are in it too, stay out.
RUN sed -n 's/^\([A-Za-z0-9_.-]*==[^ ;\\]*\).*/\1/p' requirements.lock > constraints.txt \
 && python -m venv /opt/paperround \
 && /opt/paperround/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/paperround --create-home paperround
COPY --from=build /opt/paperround /opt/paperround
ENV PATH=/opt/paperround/bin:$PATH \
    PAPERROUND_CONFIG=/etc/paperround \
    PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /var/lib/paperround
VOLUME /var/lib/paperround
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=5m CMD ["paperround", "ready"]
ENTRYPOINT ["paperround"]
CMD ["run"]
