import type { SocketAddress, Transport } from './peer/sip-socket.js';
import type { DriverName } from './scenario.js';

/** What the suite reads of a call record (docs/6-operations.md). */
export interface SeenRecord {
  readonly from: string;
  readonly to: string;
  readonly codec: string | null;
  readonly endedBy: string;
  readonly cause: { readonly sip: number; readonly text: string };
  readonly dtmf?: string;
  readonly tools: readonly { readonly name: string; readonly ok: boolean }[];
}

/** The connector under test, as seen from outside: SIP, its admin interface, its call records. */
export interface Subject {
  readonly driver: DriverName;
  /** Where it takes calls; `undefined` where it does not listen. */
  sip(transport: Transport, family?: 4 | 6): SocketAddress | undefined;
  /** One request to the admin interface: status and body. */
  admin(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  /** The call records written so far. */
  records(): readonly SeenRecord[];
}

interface SeenCall {
  readonly id: string;
  readonly from: string;
}

function isCallList(body: unknown): body is { readonly calls: readonly SeenCall[] } {
  return typeof body === 'object' && body !== null && 'calls' in body && Array.isArray(body.calls);
}

const PATIENCE_MS = 20_000;
const POLL_MS = 25;

/** Asks again and again until there is something. */
export async function eventually<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  what: string,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${patienceMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The calls that are up, of one caller or of all. */
export async function callsOf(subject: Subject, caller?: string): Promise<readonly SeenCall[]> {
  const { body } = await subject.admin('GET', '/calls');
  if (!isCallList(body)) throw new Error('GET /calls answers something else');
  return body.calls.filter(({ from }) => caller === undefined || from === caller);
}

/** Waits until a caller has that many calls up. */
export async function waitForCalls(subject: Subject, count: number, caller?: string): Promise<void> {
  await eventually(
    async () => ((await callsOf(subject, caller)).length === count ? true : undefined),
    `${count} calls of ${caller ?? 'all'}`,
  );
}

/** The one call record of a caller; waits for it. */
export async function recordOf(subject: Subject, caller: string): Promise<SeenRecord> {
  const own = (): readonly SeenRecord[] => subject.records().filter(({ from }) => from === caller);
  await eventually(() => own()[0], `a call record of ${caller}`);
  const [record, ...others] = own();
  if (!record || others.length > 0) throw new Error(`${others.length + 1} call records of one call`);
  return record;
}
