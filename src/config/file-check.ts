import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { fileProblem } from '../base/file-problem.js';
import { readTlsMaterial, TlsFileError, type TlsFiles } from '../base/tls-material.js';
import type { Config, Saying } from './config.js';
import type { ConfigPath } from './reading/config-path.js';
import type { BrokenRule } from './rules/broken-rule.js';
import { sayingsOf } from './rules/sayings.js';
import { wavProblem } from './wav-check.js';

type Check = Promise<BrokenRule | undefined>;

/**
 * Files a configuration counts on: recordings that cannot be played, modules that are not there, certificates.
 *
 * @param wallTimeMs ms since the Unix epoch
 */
export async function checkFiles(config: Config, wallTimeMs: number): Promise<BrokenRule[]> {
  const checks = [...recordingsOf(config), ...modulesOf(config), ...certificatesOf(config, wallTimeMs)];
  const { engine, model } = config.media.vad;
  if (engine === 'silero' && model !== undefined) checks.push(checkVoiceModel(model));
  return (await Promise.all(checks)).filter((broken) => broken !== undefined);
}

function recordingsOf({ cost, recording, routes, tools, transfer }: Config): readonly Check[] {
  const played: { readonly saying: Pick<Saying, 'wav'> | undefined; readonly path: ConfigPath }[] = [
    { saying: cost.goodbye, path: ['cost', 'goodbye'] },
    { saying: recording.announce, path: ['recording', 'announce'] },
    ...routes.flatMap((route, index) => [
      ...sayingsOf(route).map(({ saying, place }) => ({ saying, path: ['routes', index, ...place] })),
      ...(['ambient', 'thinking', 'hold'] as const).map((name) => {
        return { saying: route.sounds[name], path: ['routes', index, 'sounds', name] };
      }),
    ]),
    ...Object.entries(transfer.targets).map(([name, { announce }]) => {
      return { saying: announce, path: ['transfer', 'targets', name, 'announce'] };
    }),
    ...Object.entries(tools).map(([name, { filler }]) => {
      return { saying: filler === false ? undefined : filler, path: ['tools', name, 'filler'] };
    }),
  ];
  return played.flatMap(({ saying, path }) =>
    saying?.wav === undefined ? [] : [checkRecording(saying.wav, [...path, 'wav'])],
  );
}

function modulesOf({ tools }: Config): readonly Check[] {
  return Object.entries(tools).flatMap(([name, tool]) =>
    tool.type === 'module' ? [checkModule(tool.path, ['tools', name, 'path'])] : [],
  );
}

function certificatesOf({ signaling }: Config, wallTimeMs: number): readonly Check[] {
  const { tls } = signaling.embedded;
  const own = tls === undefined ? [] : [checkTlsFiles(tls, ['signaling', 'embedded', 'tls'], wallTimeMs)];
  if (signaling.driver !== 'drachtio') return own;
  const towardsServers = signaling.drachtio.flatMap((server, index) => {
    const { ca, cert, key } = server.tls ?? {};
    const place: ConfigPath = ['signaling', 'drachtio', index, 'tls'];
    // With one of the two missing the driver reads what there is.
    if (cert !== undefined && key !== undefined) return [checkTlsFiles({ cert, key, ca }, place, wallTimeMs)];
    return Object.entries({ ca, cert, key }).map(([name, file]) => checkPem(file, [...place, name]));
  });
  return [...own, ...towardsServers];
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
