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
 * @param patienceMs its user presses Ctrl-C after this.
 */
async function phone(port: number, patienceMs?: number): Promise<Outcome> {
  const args = [cli, 'phone', `sip:called@127.0.0.1:${port}`, '--seconds', '1', '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  if (patienceMs !== undefined) setTimeout(() => child.kill('SIGINT'), patienceMs);
  const [code] = await once(child, 'close');
  return { code, summary: JSON.parse(output) };
}

describe.concurrent('the phone calls SIPp', () => {
  test(`called: ${scenarioTitle('called')}`, async () => {
    await using peer = await RtpPeer.open();
    const run = { scenario: 'called', keys: { rtp_port: peer.port }, expectsRetransmissions: true };
    expect(await answerWithSipp(run, phone)).toMatchObject({
      code: 0,
      summary: { answered: true, ringing: [180], codec: 'pcmu', endedBy: 'local' },
    });
    expect(peer.received.length).toBeGreaterThan(20);
  });

  test(`called-busy: ${scenarioTitle('called-busy')}`, async () => {
    expect(await answerWithSipp({ scenario: 'called-busy' }, phone)).toMatchObject({
      code: 1,
      summary: { answered: false, endedBy: 'peer', status: 486 },
    });
  });

  test(`called-given-up: ${scenarioTitle('called-given-up')}`, async () => {
    // Long enough for 180 to have come, also where a process takes its time to start.
    const impatient = (port: number): Promise<Outcome> => phone(port, 6_000);
    expect(await answerWithSipp({ scenario: 'called-given-up' }, impatient)).toMatchObject({
      code: 1,
      summary: { answered: false, endedBy: 'local' },
    });
  });
});
