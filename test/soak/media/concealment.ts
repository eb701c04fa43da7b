import { lossy, segmentalSnrDb, spectralDistortionDb } from '../../support/lossy-speech.js';
import { type Finding, type PartReport, table } from '../lib/report.js';

const LOSSES_PERCENT = [1, 3, 5, 10, 20];
/** Of the distortion that silence leaves, what concealment may. */
const MOST_OF_SILENCE = 0.7;

/** How speech sounds of which packets were lost, with concealment and with silence in their place. */
export async function measureConcealment(): Promise<PartReport> {
  const rows: (readonly string[])[] = [];
  const findings: Finding[] = [];
  for (const percent of LOSSES_PERCENT) {
    const { original, concealed, silenced } = await lossy(percent);
    const distortion = [concealed, silenced].map((heard) => spectralDistortionDb(original, heard));
    const snr = [concealed, silenced].map((heard) => segmentalSnrDb(original, heard));
    rows.push([`${percent} %`, ...[...distortion, ...snr].map((value) => value.toFixed(1))]);
    const [ours = Number.NaN, silence = Number.NaN] = distortion;
    findings.push({
      goal: `${percent} % lost: spectral distortion at most ${MOST_OF_SILENCE} of that with silence`,
      measured: `${ours.toFixed(1)} against ${silence.toFixed(1)} dB`,
      ok: ours <= MOST_OF_SILENCE * silence,
    });
  }
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
    ],
    findings,
  };
}
