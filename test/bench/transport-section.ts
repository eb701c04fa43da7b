import { fileURLToPath } from 'node:url';
import { findDatagrams } from '../../src/media/native/datagrams.js';
import { referenceKind, startEcho } from './reference-target.js';
import { measureKinds, type SectionContext, type SectionReport } from './section.js';
import type { TargetKind } from './target.js';

const SIZES = [100, 400, 800] as const;
const QUICK_SIZES = [400] as const;

const program = fileURLToPath(new URL('./transport-echo.js', import.meta.url));

/** What the way to the network costs by itself: the reference’s work in JavaScript, without streams, calls and flavors. */
export async function measureTransport(context: SectionContext): Promise<SectionReport> {
  const { options } = context;
  const kind = (name: string, transport: string): TargetKind => ({
    name,
    start: (calls, cpu) =>
      startEcho('taskset', ['-c', String(cpu), process.execPath, program, transport, String(calls)]),
  });
  const kinds = [referenceKind, kind('Node’s sockets', 'node')];
  const built = findDatagrams() !== undefined;
  if (built) kinds.push(kind('add-on', 'native'));
  const runs = await measureKinds(context, kinds, options.calls ?? (options.quick ? QUICK_SIZES : SIZES));
  return {
    title: 'Transport alone',
    runs,
    reference: referenceKind.name,
    findings: [],
    notes: built ? [] : ['The add-on was left out: it has not been built (`npm run build:native`).'],
  };
}
