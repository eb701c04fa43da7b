import { counted, textTable, whole } from '../text-table.js';
import { BROKEN_ABOVE_MS, bands, NATURAL_BELOW_MS } from './bands.js';
import type { LatencyGroup, LatencyReport } from './latency-report.js';
import { shares } from './turn-shares.js';

/** The report as a person reads it, lines with their ends. */
export function latencyTable(report: LatencyReport): string {
  const rows = report.groups.map((group) => [
    groupName(group),
    whole(group.answers),
    ...[group.p50Ms, group.p95Ms, group.p99Ms].map(whole),
    ...bands.map((band) => `${(group.bands[band] * 100).toFixed(0)} %`),
    whole(group.meanMs),
    ...shares.map((share) => whole(group.meanShareMs[share])),
  ]);
  const headings = [
    'answers',
    'p50',
    'p95',
    'p99',
    ...bands,
    'mean',
    'end of turn',
    'transcript',
    'first token',
    'first audio',
    'connector',
  ];
  const lines = [
    `Voice-to-voice latency of ${counted(report.answers, 'answer')}, ms: below ${NATURAL_BELOW_MS} natural, to ${whole(BROKEN_ABOVE_MS)} acceptable, above it broken.`,
    'The mean is the sum of what stands behind it: what an answer waited for, in order.',
    '',
    ...textTable([{ heading: 'flavor', align: 'left' }, ...headings.map((heading) => ({ heading }))], rows),
    ...remarks(report.groups),
  ];
  return `${lines.join('\n')}\n`;
}

/** `chatterbox-custom, local`. */
export function groupName({ flavor, tier }: LatencyGroup): string {
  return tier === undefined ? flavor : `${flavor}, ${tier}`;
}

function remarks(groups: readonly LatencyGroup[]): readonly string[] {
  const lines = groups.flatMap((group) => {
    const hits = group.speculativeHits;
    return [
      hits !== undefined && `${groupName(group)}: ${(hits * 100).toFixed(0)} % of answers begun ahead could be used`,
      group.handedOver > 0 && `${groupName(group)}: another tier went on with ${counted(group.handedOver, 'answer')}`,
    ].filter((line) => line !== false);
  });
  return lines.length === 0 ? [] : ['', ...lines];
}

/** The same as programs read it. */
export function latencyJson(report: LatencyReport) {
  return {
    answers: report.answers,
    turnsThatAnswerNothing: report.unanswering,
    bandsMs: { naturalBelow: NATURAL_BELOW_MS, brokenAbove: BROKEN_ABOVE_MS },
    groups: report.groups.map(({ flavor, tier, meanMs, meanShareMs, bands: felt, speculativeHits, ...group }) => ({
      flavor,
      tier: tier ?? null,
      ...group,
      meanMs: tenth(meanMs),
      bands: { natural: rounded(felt.natural), acceptable: rounded(felt.acceptable), broken: rounded(felt.broken) },
      meanShareMs: Object.fromEntries(shares.map((share) => [share, tenth(meanShareMs[share])])),
      speculativeHits: speculativeHits === undefined ? null : rounded(speculativeHits),
    })),
  };
}

function tenth(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function rounded(share: number): number {
  return Math.round(share * 1e4) / 1e4;
}
