import { dirname } from 'node:path';
import { type Clock, createSystemClock } from '../base/clock.js';
import { ConnectorError, errorCode, errorMessage } from '../base/connector-error.js';
import { Deadline } from '../base/deadline.js';
import { inTime } from '../base/in-time.js';
import { orAborted } from '../base/or-aborted.js';
import { explainFlavorOptions, hideWriteOnly, missingFolders } from '../config/flavor-options.js';
import type { LoadedConfig } from '../config/load-config.js';
import type { ConfigIssue } from '../config/reading/config-issue.js';
import type { Secrets } from '../config/reading/secrets.js';
import { suggest } from '../config/reading/suggest.js';
import {
  CLOSING_MS,
  closeFlavor,
  MAKING_MS,
  type PreparedFlavor,
  whyUnusable,
} from '../connector/flavors/flavor-factory.js';
import { builtInFlavors, loadFlavorModule } from '../connector/flavors/flavor-loader.js';
import type { Flavor, FlavorCapabilities, FlavorModule, Logger } from '../flavor-api/index.js';
import { silentLog } from '../ops/silent-log.js';

/** What `check` needs of the world besides the file. */
export interface FlavorCheckDeps {
  readonly clock: Clock;
  loadModule(use: string, configDirectory: string): Promise<FlavorModule>;
}

/** What was found about one flavor of the configuration. */
export interface FlavorReport {
  /** As routes call it. */
  readonly name: string;
  readonly use: string;
  /** From the flavor's manifest; absent when it does not load. */
  readonly displayName?: string;
  readonly issues: readonly ConfigIssue[];
  /** What deserves a second look. */
  readonly warnings?: readonly ConfigIssue[];
  /** What it can do, once it was made. */
  readonly capabilities?: FlavorCapabilities;
  /** Only for a flavor without issues. */
  readonly prepared?: PreparedFlavor;
  /** Only with `--providers`, and only for a flavor without issues. */
  readonly provider?: ProviderReport;
}

export type ProviderReport =
  /** `warnings`: what else the flavor says while it is asked, such as stand-ins that do not answer. */
  | { readonly ok: true; readonly ms: number; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly ms: number; readonly code: string | null; readonly message: string };

/** A provider that has not answered by then does not work, ms. */
const PROVIDER_LIMIT_MS = 20_000;
const TOO_LATE = `takes more than ${MAKING_MS / 1000} s`;

/** The real world. */
export function createFlavorCheckDeps(): FlavorCheckDeps {
  return { clock: createSystemClock(), loadModule: loadFlavorModule };
}

/** Loads the flavor's module and holds its section of the file against its schema. */
export async function checkFlavor(loaded: LoadedConfig, name: string, deps: FlavorCheckDeps): Promise<FlavorReport> {
  const section = loaded.config.flavors[name];
  const use = section?.use ?? '';
  let module: FlavorModule;
  try {
    const loading = deps.loadModule(use, dirname(loaded.config.file));
    module = await inTime(loading, MAKING_MS, deps.clock, () => new Error(`its module ${TOO_LATE} to load`));
  } catch (error) {
    const [message = ''] = errorMessage(error).split('\n');
    const help = helpFor(use, message, error);
    const issue = loaded.document.issueAt(['flavors', name, 'use'], loaded.secrets.redact(message), { help });
    return { name, use, issues: [issue] };
  }
  const { configSchema, displayName } = module.manifest;
  const jsonSchema = configSchema['~standard'].jsonSchema.input({ target: 'draft-07' });
  hideWriteOnly(loaded, name, jsonSchema);
  const result = await configSchema['~standard'].validate(section?.options);
  if (!result.issues) {
    const warnings = await missingFolders(loaded, name, jsonSchema);
    return { name, use, displayName, issues: [], warnings, prepared: { module, options: result.value } };
  }
  return { name, use, displayName, issues: explainFlavorOptions(loaded, name, result.issues, jsonSchema) };
}

/** Makes a flavor and disposes of it again, asking nobody: `create` finds mistakes that no schema sees. */
export async function checkMade(
  report: FlavorReport,
  loaded: LoadedConfig,
  { clock }: Pick<FlavorCheckDeps, 'clock'>,
): Promise<FlavorReport> {
  const { name, prepared } = report;
  if (prepared === undefined) return report;
  let failed = 'cannot be made';
  try {
    const late = (): Error => new Error(`it ${TOO_LATE}`);
    const flavor = await inTime(made(prepared, clock), MAKING_MS, clock, late, closeFlavor);
    failed = 'cannot be closed';
    await closedInTime(flavor, clock);
    return { ...report, capabilities: flavor.capabilities };
  } catch (error) {
    const code = errorCode(error);
    const message = loaded.secrets.redact(`${errorMessage(error)}${code === undefined ? '' : ` (${code})`}`);
    const { prepared: _, ...rest } = report;
    return { ...rest, issues: [loaded.document.issueAt(['flavors', name], `${failed}: ${message}`)] };
  }
}

/** Rejects with what the flavor rejects with, or where it takes longer than a stop of the connector would wait. */
async function closedInTime(flavor: Flavor, clock: Clock): Promise<void> {
  const closing = (async () => await flavor[Symbol.asyncDispose]())();
  await inTime(closing, CLOSING_MS, clock, () => new Error(`it takes more than ${CLOSING_MS / 1000} s to close`));
}

/**
 * Makes a flavor and asks its provider for the cheapest thing there is (`Flavor.check`). Never rejects; messages are
 * redacted.
 */
export async function checkProvider(
  prepared: PreparedFlavor,
  secrets: Secrets,
  { clock }: FlavorCheckDeps,
  signal: AbortSignal,
): Promise<Pick<FlavorReport, 'capabilities'> & { readonly provider: ProviderReport }> {
  const startedMs = clock.now();
  const spentMs = (): number => Math.round(clock.now() - startedMs);
  const late = (): Error => new Error(`no answer within ${PROVIDER_LIMIT_MS / 1000} s`);
  using limit = new Deadline(clock, PROVIDER_LIMIT_MS, late, signal);
  try {
    const warnings: string[] = [];
    const log = {
      ...silentLog,
      warn: (fields: object, text: string) => void warnings.push(secrets.redact(told(fields, text))),
    };
    const capabilities = await orAborted(askProvider(prepared, clock, limit.signal, log), limit.signal);
    return { capabilities, provider: { ok: true, ms: spentMs(), warnings } };
  } catch (error) {
    if (signal.aborted && error === signal.reason) {
      return { provider: { ok: false, ms: spentMs(), code: null, message: 'interrupted' } };
    }
    const message = secrets.redact(errorMessage(error));
    return { provider: { ok: false, ms: spentMs(), code: errorCode(error) ?? null, message } };
  }
}

async function askProvider(
  prepared: PreparedFlavor,
  clock: Clock,
  signal: AbortSignal,
  log: Logger,
): Promise<FlavorCapabilities> {
  const flavor = await made(prepared, clock, log);
  try {
    await flavor.check(signal);
  } catch (error) {
    // What the provider says is the better complaint.
    await closedInTime(flavor, clock).catch(() => undefined);
    throw error;
  }
  await closedInTime(flavor, clock);
  return flavor.capabilities;
}

/** A line of a flavor's log, for a person: `a tier does not work: rented: the server refused ... (ERR_FLAVOR_AUTH)`. */
function told(
  { code, detail, ...names }: { readonly code?: unknown; readonly detail?: unknown },
  text: string,
): string {
  const parts = [text, Object.values(names).map(String).join(' '), detail].filter(
    (part) => part !== undefined && part !== '',
  );
  return `${parts.join(': ')}${code === undefined ? '' : ` (${String(code)})`}`;
}

async function made({ module, options }: PreparedFlavor, clock: Clock, log = silentLog): Promise<Flavor> {
  const flavor = await module.create(options, { log, now: () => clock.now() });
  const problem = await whyUnusable(flavor);
  if (problem === undefined) return flavor;
  throw new ConnectorError('ERR_FLAVOR_INVALID', problem);
}

function isSyntaxError(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && error.cause.name === 'SyntaxError';
}

/** What to do about a flavor that does not load. */
function helpFor(use: string, message: string, error: unknown): string {
  if (builtInFlavors.some((name) => name === use)) {
    return 'it belongs to this package, of which something is missing: install that again';
  }
  const needed = /Cannot find package '([^']+)' imported from/.exec(message)?.[1];
  // Most often the connector itself, which is a peer of every flavor and may be installed elsewhere.
  if (needed !== undefined) return `the flavor imports ${needed}, which must be installed beside it`;
  if (errorCode(error) === 'ERR_FLAVOR_INVALID')
    return 'a module gives its flavor so: export default defineFlavor({ ... })';
  if (/ \(at [^()]+:\d+\)/.test(message)) return 'the module itself fails, at the place named';
  // Node.js keeps the place in an ES module to itself.
  if (isSyntaxError(error)) return 'a module cannot be read: node --check FILE says where';
  if (message.includes(TOO_LATE)) return 'it waits for something at its top level; what takes time belongs into warmup';
  const meant = suggest(use, builtInFlavors);
  if (meant !== undefined) return `did you mean "${meant}"?`;
  return 'a package must be installed beside the configuration file; a path starts at its directory';
}
