import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findTool } from '../tools/tools.mjs';
import { readScenario } from './scenario.js';

export interface SippRun {
  /** File in `scenarios/`, without its extension. */
  readonly scenario: string;
  /** Fills `[key]` in the scenario: ports of RTP peers and the like. */
  readonly keys?: Readonly<Record<string, string | number>>;
  /**
   * SIPp drops what it takes for a retransmission. Where the scenario itself says what is to come again, this is off.
   */
  readonly expectsRetransmissions?: boolean;
}

/** One call to the connector. */
export interface SippCall extends SippRun {
  /** Where the connector listens. */
  readonly target: { readonly address: string; readonly port: number };
  /** User part of the request-URI. */
  readonly service: string;
  /** User part of From, and the From tag: tells this call's record from others'. */
  readonly caller: string;
  readonly transport?: 'udp' | 'tcp';
  /** Address SIPp sends from; default 127.0.0.1. */
  readonly localAddress?: string;
}

/** Beyond this a call hangs; SIPp then gives up by itself. */
const LIMIT_SECONDS = 50;
const RECEIVE_LIMIT_MS = 15_000;
const SHOWN_CHARACTERS = 6_000;
const POLL_MS = 20;

function tail(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').slice(-SHOWN_CHARACTERS) : '';
}

/** What SIPp says of a port that it cannot have. */
const UNBOUND = 'Unable to bind main socket';
const BIND_ATTEMPTS = 3;

/** A port that is free just now. SIPp left alone would take 5060 and up, where an operator's own server may be. */
async function freePort(address: string): Promise<number> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/**
 * Makes one call.
 *
 * @throws with SIPp's own errors and the end of the message log when the call did not go as the scenario says.
 */
export async function runSipp(call: SippCall): Promise<void> {
  const { address, port } = call.target;
  const localAddress = call.localAddress ?? '127.0.0.1';
  for (let attempt = 1; ; attempt += 1) {
    const args = [
      address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
      ...['-s', call.service, '-t', call.transport === 'tcp' ? 't1' : 'u1'],
      ...['-i', localAddress, '-mi', localAddress, '-p', String(await freePort(localAddress))],
    ];
    try {
      await execute({ ...call, keys: { caller: call.caller, ...call.keys } }, args);
      return;
    } catch (error) {
      // Somebody else was quicker to take the port, or it was free for UDP alone: nothing was sent yet.
      const taken = error instanceof Error && error.message.includes(UNBOUND);
      if (!taken || attempt === BIND_ATTEMPTS) throw error;
    }
  }
}

/** Whether somebody has bound that UDP port of 127.0.0.1. */
async function isBound(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return false;
  } catch {
    return true;
  } finally {
    socket.close();
  }
}

/** A call that SIPp is to take. */
interface AnsweredCall {
  /** SIPp listens there, UDP on 127.0.0.1. */
  readonly port: number;
  /** Resolves when a message that SIPp received or sent contains `text`; also when SIPp has ended without one. */
  readonly message: (text: string) => Promise<void>;
}

/**
 * Takes one call over UDP on 127.0.0.1.
 *
 * @param call makes the call; it runs once SIPp listens.
 * @returns what `call` returned. Throws as {@link runSipp} does.
 */
export async function answerWithSipp<T>(run: SippRun, call: (answered: AnsweredCall) => Promise<T>): Promise<T> {
  const port = await freePort('127.0.0.1');
  const directory = mkdtempSync(join(tmpdir(), `sipp-${run.scenario}-`));
  let over = false;
  const answering = executeIn(directory, run, ['-i', '127.0.0.1', '-mi', '127.0.0.1', '-p', String(port)]).finally(
    () => {
      over = true;
    },
  );
  const message = async (text: string): Promise<void> => {
    while (!over && !readMessages(directory).includes(text)) await sleep(POLL_MS);
  };
  const calling = (async () => {
    while (!over && !(await isBound(port))) await sleep(POLL_MS);
    return await call({ port, message });
  })();
  try {
    const [, result] = await Promise.all([answering, calling]);
    return result;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const MESSAGES = 'messages.log';

function readMessages(directory: string): string {
  const file = join(directory, MESSAGES);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

async function execute(run: SippRun, args: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), `sipp-${run.scenario}-`));
  try {
    await executeIn(directory, run, args);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Runs one scenario; its files go to `directory`, which the caller removes. */
async function executeIn(directory: string, run: SippRun, args: readonly string[]): Promise<void> {
  const sipp = findTool('sipp');
  const file = (name: string): string => join(directory, name);
  const keys = Object.entries(run.keys ?? {}).map(([key, value]): [string, string] => [key, String(value)]);
  writeFileSync(file('scenario.xml'), readScenario(run.scenario, new Map(keys)));
  const common = [
    ...['-sf', file('scenario.xml'), '-m', '1', '-nostdin'],
    ...['-trace_err', '-error_file', file('errors.log'), '-trace_msg', '-message_file', file(MESSAGES)],
    ...['-recv_timeout', String(RECEIVE_LIMIT_MS), '-timeout', `${LIMIT_SECONDS}s`, '-timeout_error'],
    // SIPp strips the blanks a line begins with; this one stays, for folded header fields.
    ...['-key', 'blank', ' '],
    ...(run.expectsRetransmissions ? ['-nr'] : []),
  ];
  const options = { cwd: directory, env: sipp.env };
  const child = spawn(sipp.command, [...args, ...common], { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString('utf8');
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code === 0) return;
  throw new Error(
    [
      `SIPp scenario ${run.scenario} failed with code ${code}`,
      (tail(file('errors.log')) || complaint).trim(),
      'last messages:',
      tail(file(MESSAGES)).trim(),
    ].join('\n'),
  );
}
