import type { Run } from './cell.js';
import { atMost, type Finding } from './finding.js';
import { burstKind, CUSHION_MS, type ProviderKind, providerOf, realtimeKind, tlsProblem } from './realtime-provider.js';
import { referenceKind } from './reference-target.js';
import { measureKinds, type SectionContext, type SectionReport } from './section.js';
import { rowsOf } from './summary.js';

/** What is measured at which sizes. */
const CELLS: readonly (readonly [calls: number, providers: readonly string[]])[] = [
  [200, ['mulaw-20-ws', 'mulaw-40-ws', 'mulaw-60-ws', 'mulaw-60-wss', 'pcm24-60-ws']],
  [400, ['mulaw-60-wss']],
  [600, ['mulaw-60-wss']],
];
const QUICK_CELLS: typeof CELLS = [[200, ['mulaw-60-wss', 'pcm24-60-ws']]];

/** Loss that the connector may cause, percent. */
const LOSS_PERCENT = 0.1;
const FIRST_PACKET_SIZES = [1, 10, 100] as const;
const FIRST_PACKET_P95_MS = 20;

/** Whole calls with a speech-to-speech service that gives back what it hears. */
export async function measureRealtime(context: SectionContext): Promise<SectionReport> {
  const { options, tell } = context;
  const runs: Run[] = [];
  const notes = [
    `The provider gives back each message of audio as it comes, behind ${CUSHION_MS} ms once: so much of a round trip, and the length of a message, are of its own making.`,
  ];
  for (const [calls, kinds] of cellsOf(context, tell, notes)) {
    const targets = kinds.map((kind) => realtimeKind(kind, options.loadCpu, options.engine));
    runs.push(...(await measureKinds(context, [referenceKind, ...targets], [calls])));
  }
  const findings = rowsOf(runs)
    .filter(({ target }) => target !== referenceKind.name)
    .map(({ calls, target, accepted, lossPercent }): Finding => {
      const measured = accepted > 0 ? lossPercent : Number.NaN;
      return atMost(`${calls} calls, ${target}: loss`, measured, LOSS_PERCENT, ' %', 3);
    });
  return { title: 'Realtime provider', runs, reference: referenceKind.name, findings, notes };
}

/** From audio of the provider, into a silence, to the first packet that carries it. */
export async function measureFirstPacket(context: SectionContext): Promise<SectionReport> {
  const { options } = context;
  const kind = burstKind(
    { name: 'mulaw-60-ws', encoding: 'mulaw', chunkMs: 60, tls: false },
    options.loadCpu,
    options.engine,
  );
  const runs = await measureKinds(context, [kind], options.calls ?? FIRST_PACKET_SIZES);
  return {
    title: 'First packet of an answer',
    runs,
    reference: undefined,
    findings: rowsOf(runs).map(({ calls, accepted, stampMs }) =>
      atMost(
        `${calls} calls: write to RTP p95`,
        accepted > 0 ? stampMs.p95 : Number.NaN,
        FIRST_PACKET_P95_MS,
        ' ms',
        1,
      ),
    ),
    notes: ['Once a second the provider writes 100 ms of audio into a silence; timed from its write to the packet.'],
  };
}

type Cells = readonly (readonly [calls: number, providers: readonly ProviderKind[]])[];

function cellsOf({ options }: SectionContext, tell: (line: string) => void, notes: string[]): Cells {
  const cells = options.quick ? QUICK_CELLS : CELLS;
  const names = options.providers ?? [...new Set(cells.flatMap(([, providers]) => providers))];
  const wanted: typeof CELLS =
    options.calls !== undefined
      ? options.calls.map((calls) => [calls, names] as const)
      : options.providers !== undefined
        ? [[200, names]]
        : cells;
  const problem = wanted.some(([, providers]) => providers.some((name) => name.endsWith('wss')))
    ? tlsProblem()
    : undefined;
  if (problem !== undefined) {
    tell(problem);
    notes.push('Providers by wss were left out: the headers of OpenSSL are missing (Debian: libssl-dev).');
  }
  return wanted.map(([calls, providers]) => {
    const kinds = providers.map(providerOf).filter(({ tls }) => !tls || problem === undefined);
    return [calls, kinds] as const;
  });
}
