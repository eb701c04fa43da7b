import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { errorCode } from '../base/connector-error.js';
import { errorCodes } from '../base/error-codes.js';
import { fileProblem } from '../base/file-problem.js';
import type { Config } from '../config/config.js';
import type { BrokenRule } from '../config/rules/broken-rule.js';
import { findDatagrams, loadProblem } from '../media/native/datagrams.js';

/** Where programs are looked for without a PATH (execvp). */
const SYSTEM_PATH = '/usr/bin:/bin';

export interface StartCheckDeps {
  /** Of the process that will start programs: its PATH. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of the media add-on, `undefined` where it was not built. Default: looks for it. */
  findAddon?(): string | undefined;
}

/**
 * What a start on this machine would find missing: errors where it would fail, warnings where something would not work.
 * Nothing is made and no program is started. What this user alone may not is a warning, since the connector may run as another.
 */
export async function startProblems(config: Config, deps: StartCheckDeps): Promise<readonly BrokenRule[]> {
  const problems = await Promise.all([
    engineProblem(config, deps),
    recordsProblem(config),
    recordingsProblem(config),
    ...Object.keys(config.tools).map((name) => programProblem(config, name, deps)),
  ]);
  return problems.filter((problem) => problem !== undefined);
}

function engineProblem({ media }: Config, { findAddon = findDatagrams }: StartCheckDeps): BrokenRule | undefined {
  if (media.engine === 'worker' || (media.engine === 'auto' && media.dscp === undefined)) return undefined;
  const addon = findAddon();
  const problem = addon === undefined ? 'the add-on has not been built' : loadProblem(addon);
  if (problem === undefined) return undefined;
  const help = errorCodes.ERR_MEDIA_ENGINE.remedy;
  if (media.engine === 'native') return { path: ['media', 'engine'], message: `it cannot be had: ${problem}`, help };
  const message = `packets will not be marked: ${problem}`;
  return {
    severity: 'warning',
    path: ['media', 'dscp'],
    message,
    help: 'build it on this machine: npm run build:native',
  };
}

/** Without its file of records no connector starts. */
async function recordsProblem({ cdr }: Config): Promise<BrokenRule | undefined> {
  const error = (await writingProblem(cdr.path, 'file')) ?? (await writingProblem(dirname(cdr.path), 'directory'));
  if (error === undefined) return undefined;
  const denied = isDenied(error);
  return {
    severity: denied ? 'warning' : 'error',
    path: ['cdr', 'path'],
    message: `${cdr.path} cannot be written${denied ? ' by this user' : ''}: ${fileProblem(error)}`,
    help: 'name a file in a directory that the connector may write to, or may make; paths start at the working directory',
  };
}

/** A warning: calls are taken all the same. */
async function recordingsProblem({ recording: { mode, path } }: Config): Promise<BrokenRule | undefined> {
  const error = mode === 'off' ? undefined : await writingProblem(path, 'directory');
  if (error === undefined) return undefined;
  return {
    severity: 'warning',
    path: ['recording', 'path'],
    message: `calls would not be recorded: ${path} cannot be written${isDenied(error) ? ' by this user' : ''}: ${fileProblem(error)}`,
    help: 'name a directory that the connector may write to, or may make; paths start at the working directory',
  };
}

function isDenied(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes(errorCode(error) ?? '');
}

/** Why a file or directory cannot be written, or made below the nearest directory that is there: an error of `fs`. */
async function writingProblem(path: string, kind: 'file' | 'directory'): Promise<unknown> {
  try {
    const found = await stat(path);
    if (kind === 'directory' && !found.isDirectory()) return Object.assign(new Error(path), { code: 'ENOTDIR' });
    if (kind === 'file' && found.isDirectory()) return Object.assign(new Error(path), { code: 'EISDIR' });
    await access(path, kind === 'file' ? constants.W_OK : constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const parent = dirname(path);
    return errorCode(error) === 'ENOENT' && parent !== path ? writingProblem(parent, 'directory') : error;
  }
}

/** A warning: a server that is away is tried again, and the calls have no tool of it. */
async function programProblem(
  { tools }: Config,
  name: string,
  { env }: StartCheckDeps,
): Promise<BrokenRule | undefined> {
  const tool = tools[name];
  if (tool?.type !== 'mcp' || tool.command === undefined) return undefined;
  const { command } = tool;
  const searched = command.includes('/') ? [''] : (tool.env['PATH'] ?? env['PATH'] ?? SYSTEM_PATH).split(delimiter);
  let denied = false;
  for (const directory of searched) {
    try {
      const file = join(directory, command);
      await access(file, constants.X_OK);
      if ((await stat(file)).isFile()) return undefined;
    } catch (error) {
      denied ||= isDenied(error);
    }
  }
  const problem = denied
    ? 'it may not be started'
    : command.includes('/')
      ? 'there is no such file'
      : 'it is not in PATH';
  return {
    severity: 'warning',
    path: ['tools', name, 'command'],
    message: `this program cannot be started: ${problem}`,
    help: 'install it where the connector runs, or name its whole path; until it starts, the server has no tools',
  };
}
