import { fileURLToPath } from 'node:url';
import { findDatagrams } from '../../src/media/native/datagrams.js';
import { type ProviderKind, providerOf, startPair, tlsProblem } from './realtime-provider.js';
import { referenceKind, startEcho } from './reference-target.js';
import { measureKinds, type SectionContext, type SectionReport } from './section.js';
import type { TargetKind } from './target.js';

const SIZES = [200] as const;
const PROVIDER = 'mulaw-60-wss';

const program = fileURLToPath(new URL('./transport-relay.js', import.meta.url));

/**
 * What a realtime call cannot cost less than, as long as its audio comes over `transport` and goes over `ws`: both by
 * themselves, without jitter buffer, playout, call and flavor.
 */
export async function measureRelay(context: SectionContext): Promise<SectionReport> {
  const { options } = context;
  const { providers, notes } = relayed(options.providers ?? [PROVIDER], tlsProblem);
  const transports = [['Node’s sockets', 'node']];
  if (findDatagrams() === undefined)
    notes.push('The add-on was left out: it has not been built (`npm run build:native`).');
  else transports.push(['add-on', 'native']);
  const kinds = providers.flatMap((provider) =>
    transports.map(
      ([name, transport = '']): TargetKind => ({
        name: `${name}, ${provider.name}`,
        start: (calls, cpu) =>
          startPair({ kind: provider, mode: 'echo', loadCpu: options.loadCpu }, ({ url, env }) => {
            const relay = [program, transport, String(calls), url, String(provider.chunkMs)];
            return startEcho('taskset', ['-c', String(cpu), process.execPath, ...relay], env);
          }),
      }),
    ),
  );
  const runs = await measureKinds(context, [referenceKind, ...kinds], options.calls ?? SIZES);
  return { title: 'Relay alone', runs, reference: referenceKind.name, findings: [], notes };
}

/** Of the kinds of provider that are asked for, those that can be relayed; `notes` name the others. Throws {@link UsageError}. */
export function relayed(
  names: readonly string[],
  withoutTls: () => string | undefined,
): { readonly providers: readonly ProviderKind[]; readonly notes: string[] } {
  const kinds = names.map(providerOf);
  const notes: string[] = [];
  const linear = kinds.filter(({ encoding }) => encoding !== 'mulaw').map(({ name }) => name);
  if (linear.length > 0) notes.push(`Left out, since mu-law alone is relayed: ${linear.join(', ')}.`);
  const providers = kinds.filter(({ encoding }) => encoding === 'mulaw');
  if (!providers.some(({ tls }) => tls) || withoutTls() === undefined) return { providers, notes };
  notes.push('Providers by wss were left out: the headers of OpenSSL are missing.');
  return { providers: providers.filter(({ tls }) => !tls), notes };
}
