# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM golang:1.26-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=dev
ARG TARGETOS
ARG TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOWORK=off CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/nextgen ./cmd/nextgen

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/nextgen /nextgen
USER nonroot:nonroot
ENV NEXTGEN_HTTP_ADDRESS=":8080"
EXPOSE 8080 9090
# There is no shell here: `nextgen health URL` is the health check (see docker-compose.yml).
ENTRYPOINT ["/nextgen"]
CMD ["api"]
