import { isAbsolute, resolve } from 'node:path';
import type {
  Config,
  DrachtioConfig,
  MediaConfig,
  OpensipsConfig,
  RouteConfig,
  Saying,
  SoundConfig,
  TlsConfig,
  ToolConfig,
} from './config.js';
import type { ParsedRoute } from './rules/sayings.js';
import type { ParsedConfig } from './schema.js';

type ParsedTls = NonNullable<ParsedConfig['signaling']['embedded']['tls']>;

/** Where relative paths start. */
export interface Directories {
  /** Of the configuration file: recordings that are played, modules of tools. */
  readonly file: string;
  /** Working directory of the process: what the connector writes. */
  readonly working: string;
}

/** A validated file as the connector uses it: with absolute paths. */
export function toConfig(data: ParsedConfig, file: string, directories: Directories): Config {
  const written = (path: string): string => absolute(path, directories.working);
  const { cdr, cost, flavors, recording, tools, transfer } = data;
  const { advertise, auth, tls, ...embedded } = data.signaling.embedded;
  return {
    ...data,
    file,
    signaling: {
      driver: data.signaling.driver,
      embedded: { ...embedded, advertise, auth, tls: tls && tlsWithPaths(tls, directories.file) },
      drachtio: (data.signaling.drachtio ?? []).map((server) => withTlsPaths(server, directories.file)),
      opensips: opensipsConfig(data.signaling.opensips),
    },
    media: { ...data.media, advertise: data.media.advertise, vad: vadWithPath(data.media.vad, directories.file) },
    admin: { listen: data.admin.listen, token: data.admin.token },
    cost: { ...cost, goodbye: located(cost.goodbye, directories.file) },
    cdr: { ...cdr, path: written(cdr.path) },
    recording: {
      ...recording,
      path: written(recording.path),
      ...(recording.announce !== undefined && { announce: located(recording.announce, directories.file) }),
    },
    flavors: named(flavors),
    tools: named(mapValues(tools, (tool) => withPaths(tool, directories.file))),
    transfer: {
      targets: named(
        mapValues(transfer.targets, ({ announce, ...target }) => ({
          ...target,
          ...(announce !== undefined && { announce: located(announce, directories.file) }),
        })),
      ),
    },
    trunks: named(data.trunks),
    routes: data.routes.map((route) => routeWithPaths(route, directories.file)),
  };
}

function withTlsPaths(server: DrachtioConfig, directory: string): DrachtioConfig {
  const { tls } = server;
  if (tls === undefined) return server;
  const located = (path: string | undefined): string | undefined => path && absolute(path, directory);
  return { ...server, tls: { ...tls, ca: located(tls.ca), cert: located(tls.cert), key: located(tls.key) } };
}

function opensipsConfig({ allow, domain, ...given }: ParsedConfig['signaling']['opensips']): OpensipsConfig {
  return { ...given, allow, domain };
}

/** Without a prototype, so that a flavor can be called `constructor` and a missing one is `undefined`. */
function named<Value>(entries: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  return Object.assign(Object.create(null), entries);
}

function mapValues<From, To>(
  entries: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, change(value)]));
}

function withPaths(tool: ParsedConfig['tools'][string], directory: string): ToolConfig {
  const filler = tool.filler === false ? false : located(tool.filler, directory);
  if (tool.type !== 'module') return { ...tool, filler };
  return { ...tool, filler, path: absolute(tool.path, directory) };
}

function routeWithPaths(route: ParsedRoute, directory: string): RouteConfig {
  const { duration, greeting, onFailure, silence, sounds } = route;
  const { goodbye } = silence;
  const { warning } = duration;
  return {
    ...route,
    ...(greeting !== undefined && { greeting: located(greeting, directory) }),
    silence: {
      ...silence,
      reprompts: silence.reprompts.map((saying) => located(saying, directory)),
      ...(goodbye !== undefined && { goodbye: located(goodbye, directory) }),
    },
    duration: { ...duration, ...(warning !== undefined && { warning: located(warning, directory) }) },
    onFailure: {
      ...onFailure,
      waiting: located(onFailure.waiting, directory),
      apology: located(onFailure.apology, directory),
    },
    sounds: {
      ...(sounds.ambient !== undefined && { ambient: atPath(sounds.ambient, directory) }),
      ...(sounds.thinking !== undefined && { thinking: atPath(sounds.thinking, directory) }),
      ...(sounds.hold !== undefined && { hold: atPath(sounds.hold, directory) }),
    },
  };
}

function vadWithPath(vad: MediaConfig['vad'], directory: string): MediaConfig['vad'] {
  return vad.model === undefined ? vad : { ...vad, model: absolute(vad.model, directory) };
}

function located<Words extends Saying>(saying: Words, directory: string): Words {
  return saying.wav === undefined ? saying : { ...saying, wav: absolute(saying.wav, directory) };
}

function atPath<Sound extends SoundConfig>(sound: Sound, directory: string): Sound {
  return { ...sound, wav: absolute(sound.wav, directory) };
}

function absolute(path: string, directory: string): string {
  return isAbsolute(path) ? path : resolve(directory, path);
}

function tlsWithPaths({ ca, ...tls }: ParsedTls, directory: string): TlsConfig {
  return {
    ...tls,
    cert: absolute(tls.cert, directory),
    key: absolute(tls.key, directory),
    ...(ca !== undefined && { ca: absolute(ca, directory) }),
  };
}
