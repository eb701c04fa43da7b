import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool } from '../tools/tools.mjs';
import { readScenario } from './scenario.js';

/** One call of a scenario in `scenarios/`. */
export interface SippCall {
  readonly scenario: string;
  /** Where the connector listens. */
  readonly target: { readonly address: string; readonly port: number };
  /** User part of the request-URI. */
  readonly service: string;
  /** User part of From, and the From tag: tells this call's record from others'. */
  readonly caller: string;
  readonly transport?: 'udp' | 'tcp';
  /** Address SIPp sends from; default 127.0.0.1. */
  readonly localAddress?: string;
  /** Fills `[key]` in the scenario: ports of RTP peers and the like. */
  readonly keys?: Readonly<Record<string, string | number>>;
  /**
   * SIPp drops what it takes for a retransmission. Where the scenario itself says what is to come again, this is off.
   */
  readonly expectsRetransmissions?: boolean;
}

/** Beyond this a call hangs; SIPp then gives up by itself. */
const LIMIT_SECONDS = 25;
const RECEIVE_LIMIT_MS = 8_000;
const SHOWN_CHARACTERS = 6_000;

function tail(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').slice(-SHOWN_CHARACTERS) : '';
}

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
 * Runs a scenario once, to its end.
 *
 * @returns the log of all messages, as SIPp wrote it.
 * @throws with SIPp's own errors and the end of the message log when the call did not go as the scenario says.
 */
export async function runSipp(call: SippCall): Promise<string> {
  const sipp = findTool('sipp');
  const directory = mkdtempSync(join(tmpdir(), `sipp-${call.scenario}-`));
  const file = (name: string): string => join(directory, name);
  try {
    const keys = new Map([
      ['caller', call.caller],
      ...Object.entries(call.keys ?? {}).map(([key, value]): [string, string] => [key, String(value)]),
    ]);
    writeFileSync(file('scenario.xml'), readScenario(call.scenario, keys));
    const { address, port } = call.target;
    const localAddress = call.localAddress ?? '127.0.0.1';
    const args = [
      address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
      ...['-sf', file('scenario.xml'), '-s', call.service, '-m', '1'],
      ...[
        '-i',
        localAddress,
        '-p',
        String(await freePort(localAddress)),
        '-mi',
        localAddress,
        '-t',
        call.transport === 'tcp' ? 't1' : 'u1',
      ],
      ...['-trace_err', '-error_file', file('errors.log'), '-trace_msg', '-message_file', file('messages.log')],
      ...['-recv_timeout', String(RECEIVE_LIMIT_MS), '-timeout', `${LIMIT_SECONDS}s`, '-timeout_error', '-nostdin'],
      // SIPp strips the blanks a line begins with; this one stays, for folded header fields.
      ...['-key', 'blank', ' '],
      ...(call.expectsRetransmissions ? ['-nr'] : []),
    ];
    const child = spawn(sipp.command, args, { cwd: directory, env: sipp.env, stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString('utf8');
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (code === 0) return readFileSync(file('messages.log'), 'utf8');
    throw new Error(
      [
        `SIPp scenario ${call.scenario} failed with code ${code}`,
        (tail(file('errors.log')) || complaint).trim(),
        'last messages:',
        tail(file('messages.log')).trim(),
      ].join('\n'),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
