import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../src/base/clock.js';
import type { SpeechFault, SpeechFaultOptions } from './faults.js';
import type { SeenSpeechRequest } from './http-fake.js';
import { passed } from './voice.js';

/** For what was sent to arrive before the end of its connection does, ms. */
const ARRIVAL_MS = 20;
const FLOOD_PIECE_BYTES = 48_000;
const FLOOD_PIECES = 4_000;

export interface BodyOptions {
  readonly faults: {
    has(name: SpeechFault): boolean;
    get(name: SpeechFault): SpeechFaultOptions | undefined;
  };
  /** Before the sound: a WAV header, or nothing. */
  readonly head: Buffer;
  /** Whether the head goes out before the first sound has been made. */
  readonly headFirst: boolean;
  readonly clock: Clock;
  readonly gone: AbortSignal;
  /** Is told when its first sound went out. */
  readonly request?: SeenSpeechRequest;
  /** Of the sound, for faults that count it; absent where a body is more than samples. */
  readonly bytesPerMs?: number;
  /** Parts before the first that has sound: an event that describes it. Default: none. */
  readonly silentParts?: number;
}

/**
 * Writes a body of sound: each part as soon as it has been made, in pieces as these servers make them, with the faults
 * that meet it. Ends the response unless a fault forbids it.
 *
 * @param parts What the machine makes, in order; `total` of them are to come.
 */
export async function writeBody(
  response: ServerResponse,
  parts: AsyncIterable<Buffer>,
  total: number,
  options: BodyOptions,
): Promise<void> {
  const { faults, head, headFirst, request, silentParts = 0 } = options;
  if (faults.has('empty')) {
    response.end();
    return;
  }
  if (headFirst || faults.has('header-only')) await send(response, head, options);
  if (faults.has('header-only')) {
    response.end();
    return;
  }
  if (faults.has('flood')) return flood(response, headFirst ? Buffer.alloc(0) : head, options);
  const broken = faults.get('cut') ?? faults.get('truncated') ?? faults.get('stall');
  const mostBytes = afterBytes(broken, options);
  let [written, bytes] = [0, 0];
  let headSent = headFirst;
  for await (const part of parts) {
    written += 1;
    if (!headSent) await send(response, head, options);
    headSent = true;
    const lastPart = written === total;
    bytes += part.length;
    const meets = mostBytes === undefined ? lastPart || written / total > (broken?.after ?? 0.5) : bytes > mostBytes;
    if (broken === undefined || !meets) {
      await send(response, part, options);
      // Nobody can have heard it before: what was written leaves with the next turn of the event loop.
      if (request !== undefined && written === silentParts + 1) request.soundAtMs = options.clock.now();
      continue;
    }
    // Of a part that is the only one, a share of it.
    const some = total === 1 ? Math.floor(part.length * (broken.after ?? 0.5)) : 0;
    const share = mostBytes === undefined ? some : part.length - (bytes - mostBytes);
    await send(response, part.subarray(0, share - (share % 2)), options);
    await passed(ARRIVAL_MS, options.clock, options.gone);
    if (faults.has('cut')) response.destroy();
    else if (faults.has('truncated')) response.end();
    return;
  }
  response.end();
}

function afterBytes(fault: SpeechFaultOptions | undefined, { bytesPerMs }: BodyOptions): number | undefined {
  if (fault?.afterMs === undefined || bytesPerMs === undefined) return undefined;
  return Math.floor(fault.afterMs * bytesPerMs);
}

/** As Starlette iterates a `BytesIO`: by lines, which end wherever a byte happens to be 0x0A. */
function lines(bytes: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  let from = 0;
  while (from < bytes.length) {
    const at = bytes.indexOf(0x0a, from);
    const to = at === -1 ? bytes.length : at + 1;
    found.push(bytes.subarray(from, to));
    from = to;
  }
  return found;
}

async function send(response: ServerResponse, bytes: Buffer, { faults, gone }: BodyOptions): Promise<void> {
  if (bytes.length === 0) return;
  gone.throwIfAborted();
  const pieces = faults.has('odd-chunks') ? odd(bytes) : lines(bytes);
  for (const piece of pieces) response.write(piece);
  if (faults.has('odd-chunks')) await new Promise((resolve) => setImmediate(resolve));
}

/** Pieces of 1, 3, 5, ... bytes, then larger ones that end within samples. */
function odd(bytes: Buffer): readonly Buffer[] {
  const pieces: Buffer[] = [];
  let size = 1;
  for (let at = 0; at < bytes.length; at += size, size = Math.min(size + 2, 1_357)) {
    pieces.push(bytes.subarray(at, at + size));
  }
  return pieces;
}

async function flood(response: ServerResponse, head: Buffer, { gone }: BodyOptions): Promise<void> {
  response.write(head);
  const piece = Buffer.alloc(FLOOD_PIECE_BYTES);
  for (let i = 0; i < piece.length; i += 2) piece.writeInt16LE(Math.round(9_000 * Math.sin(i / 30)), i);
  const left = new Promise<void>((resolve) => gone.addEventListener('abort', () => resolve(), { once: true }));
  for (let i = 0; i < FLOOD_PIECES && !gone.aborted; i += 1) {
    if (response.write(piece)) continue;
    await Promise.race([left, new Promise<void>((resolve) => response.once('drain', resolve))]);
  }
  response.end();
}
