import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { fileProblem } from '../base/file-problem.js';
import { readTlsMaterial, TlsFileError, type TlsFiles } from '../base/tls-material.js';
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
import type { ConfigPath } from './config-issue.js';
import type { BrokenRule } from './rules/broken-rule.js';
import { type ParsedRoute, sayingsOf } from './rules/sayings.js';
import type { ParsedConfig } from './schema.js';
import { wavProblem } from './wav-check.js';

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

function located(saying: Saying, directory: string): Saying {
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

/** Files a configuration counts on: recordings that cannot be played, modules that are not there, certificates. */
export async function checkFiles(data: ParsedConfig, directory: string, wallTimeMs: number): Promise<BrokenRule[]> {
  const checks: Promise<BrokenRule | undefined>[] = [];
  const recording = (saying: Pick<Saying, 'wav'>, path: ConfigPath): void => {
    if (saying.wav !== undefined) checks.push(checkRecording(absolute(saying.wav, directory), [...path, 'wav']));
  };
  recording(data.cost.goodbye, ['cost', 'goodbye']);
  if (data.recording.announce !== undefined) recording(data.recording.announce, ['recording', 'announce']);
  for (const [index, route] of data.routes.entries()) {
    for (const { saying, place } of sayingsOf(route)) recording(saying, ['routes', index, ...place]);
    for (const name of ['ambient', 'thinking', 'hold'] as const) {
      const sound = route.sounds[name];
      if (sound !== undefined) recording(sound, ['routes', index, 'sounds', name]);
    }
  }
  for (const [name, { announce }] of Object.entries(data.transfer.targets)) {
    if (announce !== undefined) recording(announce, ['transfer', 'targets', name, 'announce']);
  }
  for (const [name, tool] of Object.entries(data.tools)) {
    if (tool.filler !== false) recording(tool.filler, ['tools', name, 'filler']);
    if (tool.type === 'module') checks.push(checkModule(absolute(tool.path, directory), ['tools', name, 'path']));
  }
  const { tls } = data.signaling.embedded;
  const place = ['signaling', 'embedded', 'tls'];
  if (tls !== undefined) checks.push(checkTlsFiles(tlsWithPaths(tls, directory), place, wallTimeMs));
  if (data.signaling.driver === 'drachtio') checks.push(...checkDrachtioTls(data, directory, wallTimeMs));
  const { engine, model } = data.media.vad;
  if (engine === 'silero' && model !== undefined) checks.push(checkVoiceModel(absolute(model, directory)));
  return (await Promise.all(checks)).filter((broken) => broken !== undefined);
}

async function checkRecording(file: string, path: ConfigPath): Promise<BrokenRule | undefined> {
  const problem = await wavProblem(file);
  if (problem === undefined) return undefined;
  const help = 'give a RIFF/WAVE file with 16-bit PCM or G.711; paths start at the directory of this file';
  return { path, message: `this recording cannot be played: ${problem}`, help };
}

async function checkModule(file: string, path: ConfigPath): Promise<BrokenRule | undefined> {
  const problem = await readProblem(file);
  if (problem === undefined) return undefined;
  const help = 'name the file itself; paths start at the directory of this file';
  return { path, message: `this module cannot be loaded: ${problem}`, help };
}

/** Why there is no file to read; `undefined` when there is one. */
async function readProblem(file: string): Promise<string | undefined> {
  try {
    if (!(await stat(file)).isFile()) return 'it is no file';
    await access(file, constants.R_OK);
    return undefined;
  } catch (error) {
    return fileProblem(error);
  }
}

/** A warning: without its model the energy gate hears the callers. */
async function checkVoiceModel(file: string): Promise<BrokenRule | undefined> {
  const problem = await readProblem(file);
  if (problem === undefined) return undefined;
  return {
    severity: 'warning',
    path: ['media', 'vad', 'model'],
    message: `this model cannot be loaded, and engine: energy takes its place: ${problem}`,
    help: 'name the file silero_vad.onnx; paths start at the directory of this file',
  };
}

function checkDrachtioTls(
  { signaling }: ParsedConfig,
  directory: string,
  wallTimeMs: number,
): Promise<BrokenRule | undefined>[] {
  return (signaling.drachtio ?? []).flatMap((server, index) => {
    const { ca, cert, key } = withTlsPaths(server, directory).tls ?? {};
    const place: ConfigPath = ['signaling', 'drachtio', index, 'tls'];
    // With one of the two missing the driver reads what there is.
    if (cert !== undefined && key !== undefined) return [checkTlsFiles({ cert, key, ca }, place, wallTimeMs)];
    return Object.entries({ ca, cert, key }).map(([name, file]) => checkPem(file, [...place, name]));
  });
}

async function checkPem(file: string | undefined, path: ConfigPath): Promise<BrokenRule | undefined> {
  const problem = file === undefined ? undefined : await readProblem(file);
  if (problem === undefined) return undefined;
  const help = 'name a PEM file; paths start at the directory of this file';
  return { path, message: `this file cannot be read: ${problem}`, help };
}

async function checkTlsFiles(files: TlsFiles, path: ConfigPath, wallTimeMs: number): Promise<BrokenRule | undefined> {
  try {
    const { validFromMs, validToMs, shortKeyBits } = await readTlsMaterial(files);
    const problems: string[] = [];
    if (wallTimeMs < validFromMs) problems.push('is not valid yet');
    if (wallTimeMs > validToMs) problems.push('has expired');
    if (shortKeyBits !== undefined) {
      problems.push(`has a key of ${shortKeyBits} bits, which many peers refuse, and Node.js 24 too`);
    }
    if (problems.length === 0) return undefined;
    // A warning: the connector that runs on must still start again, and its plain calls go on.
    const message = `this certificate ${problems.join(' and ')}`;
    return { severity: 'warning', path: [...path, 'cert'], message, help: 'renew it' };
  } catch (error) {
    if (!(error instanceof TlsFileError)) throw error;
    const help = 'give PEM files that belong together; paths start at the directory of this file';
    return { path: [...path, error.file], message: `this file ${error.message}`, help };
  }
}
