import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { RtpPeer } from '../support/rtp-peer.js';
import { answerWithSipp } from './run-sipp.js';
import { scenarioTitle } from './scenario.js';

const cli = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));

/** What a command printed, and its exit code. */
interface Outcome {
  readonly code: unknown;
  readonly summary: unknown;
}

/**
 * Runs `voice-connector phone` as a process of its own.
 *
 * @param patience its user presses Ctrl-C once this has resolved.
 */
async function phone(port: number, patience?: Promise<void>): Promise<Outcome> {
  const args = [cli, 'phone', `sip:called@127.0.0.1:${port}`, '--seconds', '1', '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  void patience?.then(() => child.kill('SIGINT'));
  const [code] = await once(child, 'close');
  return { code, summary: JSON.parse(output) };
}

describe.concurrent('the phone calls SIPp', () => {
  test(`called: ${scenarioTitle('called')}`, async () => {
    await using peer = await RtpPeer.open();
    const run = { scenario: 'called', keys: { rtp_port: peer.port }, expectsRetransmissions: true };
    expect(await answerWithSipp(run, ({ port }) => phone(port))).toMatchObject({
      code: 0,
      summary: { answered: true, ringing: [180], codec: 'pcmu', endedBy: 'local' },
    });
    expect(peer.received.length).toBeGreaterThan(20);
  });

  test(`called-busy: ${scenarioTitle('called-busy')}`, async () => {
    expect(await answerWithSipp({ scenario: 'called-busy' }, ({ port }) => phone(port))).toMatchObject({
      code: 1,
      summary: { answered: false, endedBy: 'peer', status: 486 },
    });
  });

  test(`called-given-up: ${scenarioTitle('called-given-up')}`, async () => {
    const outcome = await answerWithSipp({ scenario: 'called-given-up' }, ({ port, message }) =>
      phone(port, message('180 Ringing')),
    );
    expect(outcome).toMatchObject({
      code: 1,
      summary: { answered: false, endedBy: 'local' },
    });
  });
});
