# syntax=docker/dockerfile:1
# The connector, without compilers and as a user of its own. opensips/compose.yaml runs it; docs/10-opensips.md tells how.

# Not the slim one: it has a compiler, for the media add-on.
FROM node:24-bookworm AS build
WORKDIR /src
# The dependencies first: they stay cached while only the source changes. No script of a package is run.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY flavors flavors
RUN npm run build:native && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/voice-connector
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/dist dist
COPY sip-config sip-config
# Call records, recordings and the admin token are written below the working directory.
RUN mkdir -p /var/lib/voice-connector && chown node:node /var/lib/voice-connector
WORKDIR /var/lib/voice-connector
VOLUME /var/lib/voice-connector
USER node
# SIP; the ports for audio are those of media.ports, best reached with the network of the host.
EXPOSE 5060/udp 5060/tcp
# Ready to take calls? While it drains it is not, and that is no reason to restart it: hence /livez.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.VOICE_CONNECTOR_ADMIN_PORT || 8080) + '/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# SIGTERM: no new calls, and the process ends with its last one. Give it the time: docker stop --time 3600.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/opt/voice-connector/dist/src/cli.js"]
CMD ["run", "--config", "/opt/voice-connector/sip-config/connector.yaml"]
