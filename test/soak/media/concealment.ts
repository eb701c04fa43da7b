import { playJittered } from '../../support/jittered-stream.js';
import { lossy, segmentalSnrDb, spectralDistortionDb } from '../../support/lossy-speech.js';
import { type Finding, type PartReport, percent, table } from '../lib/report.js';

const LOSSES_PERCENT = [1, 3, 5, 10, 20];
/** Of the distortion that silence leaves, what concealment may. */
const MOST_OF_SILENCE = 0.7;

/** At 5 % of loss: the goal's own jitter, and twice as much, of which it says nothing. */
const JITTERS_MS = [40, 80];
const NETWORKS = 200;
const MOST_INSERTED_MS = 20;
const MOST_DELAY_MS = 80;

/**
 * How speech sounds of which packets were lost, with concealment and with silence in their place; and what jitter puts in
 * beside the lost packets.
 */
export async function measureConcealment(): Promise<PartReport> {
  const rows: (readonly string[])[] = [];
  const findings: Finding[] = [];
  for (const lossPercent of LOSSES_PERCENT) {
    const { original, concealed, silenced } = await lossy(lossPercent);
    const distortion = [concealed, silenced].map((heard) => spectralDistortionDb(original, heard));
    const snr = [concealed, silenced].map((heard) => segmentalSnrDb(original, heard));
    rows.push([`${lossPercent} %`, ...[...distortion, ...snr].map((value) => value.toFixed(1))]);
    const [ours = Number.NaN, silence = Number.NaN] = distortion;
    findings.push({
      goal: `${lossPercent} % lost: spectral distortion at most ${MOST_OF_SILENCE} of that with silence`,
      measured: `${ours.toFixed(1)} against ${silence.toFixed(1)} dB`,
      ok: ours <= MOST_OF_SILENCE * silence,
    });
  }
  const jittered = JITTERS_MS.map(measureJitter);
  findings.push(...jittered.flatMap((measured) => measured.findings));
  return {
    title: 'Lost packets of speech',
    lines: [
      'Spectral distortion, dB: how far the power of 16 bands of 250 Hz is off, root mean square over every 10 ms of speech; less is better. Segmental',
      'signal-to-noise ratio, dB, over segments of 20 ms, -10 to 35; more is better, but what is invented keeps the pitch and not the phase: by that measure',
      'no sound is better than one that the ear takes for the lost one.',
      '',
      ...table(
        ['packets lost', 'distortion, concealed', 'with silence', 'segmental SNR, concealed', 'with silence'],
        rows,
      ),
      '',
      `${NETWORKS} networks of 5 % loss each, in simulated time: 30 s of jitter, then none. A gap is what was made up in one stretch; inserted is what it is longer than`,
      'the packets lost in it. Delay: from sending to play, at its longest from 5 s after the jitter on.',
      '',
      ...table(
        [
          'jitter',
          'gaps',
          'of their packets’ length',
          '20 ms longer',
          '40 ms',
          'more',
          'longest, ms',
          'delay after, ms',
        ],
        jittered.map(({ row }) => row),
      ),
    ],
    findings,
  };
}

function measureJitter(jitterMs: number): { readonly row: readonly string[]; readonly findings: readonly Finding[] } {
  const played = Array.from({ length: NETWORKS }, (_, seed) => playJittered({ jitterMs, lossPercent: 5 }, seed));
  const inserted = played.flatMap(({ insertedMs }) => insertedMs);
  const longest = inserted.reduce((most, gap) => Math.max(most, gap), 0);
  const delayMs = Math.max(...played.map(({ longestDelayMs }) => longestDelayMs(5_000)));
  const share = (from: number, to: number): string =>
    percent(inserted.filter((gap) => gap > from && gap <= to).length, inserted.length);
  const goals: readonly Finding[] = [
    {
      goal: `5 % lost, ${jitterMs} ms of jitter: no gap inserted over ${MOST_INSERTED_MS} ms`,
      measured: `${longest} ms, of ${inserted.length} gaps`,
      ok: longest <= MOST_INSERTED_MS,
    },
    {
      goal: `delay under ${MOST_DELAY_MS} ms from 5 s after the jitter on`,
      measured: `${delayMs} ms`,
      ok: delayMs < MOST_DELAY_MS,
    },
  ];
  return {
    row: [
      `${jitterMs} ms`,
      `${inserted.length}`,
      share(Number.NEGATIVE_INFINITY, 0),
      share(0, 20),
      share(20, 40),
      share(40, Number.POSITIVE_INFINITY),
      `${longest}`,
      `${delayMs}`,
    ],
    findings: jitterMs === JITTERS_MS[0] ? goals : [],
  };
}
