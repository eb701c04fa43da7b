import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { buildProgram } from './programs.js';

/** A set of values as the load generator reports it, ms. */
export interface Distribution {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** The last line of the load generator. All counts are of the window. */
export interface LoadFigures {
  readonly calls: number;
  readonly answered: number;
  readonly refused: number;
  /** Status of the last refusal, 0: none. */
  readonly lastRefusal: number;
  readonly endedEarly: number;
  readonly setupMs: Distribution | null;
  /** How far from 20 ms two packets that follow one another arrived. */
  readonly pacingMs: Distribution | null;
  readonly roundTripMs: Distribution | null;
  /** From a provider's write of audio to its arrival at the caller. */
  readonly stampMs: Distribution | null;
  /** How late the generator itself woke. */
  readonly latenessMs: Distribution | null;
  /** Frames sent of which the way is known, and those that came back. */
  readonly sent: number;
  readonly returned: number;
  readonly received: number;
  /** Gaps in the sequence numbers received. */
  readonly lost: number;
  readonly reordered: number;
  readonly duplicated: number;
  /** Frames that carry no number: concealment, silence. */
  readonly foreign: number;
  readonly windowMs: number;
  readonly pinned: boolean;
  readonly realtime: boolean;
}

export interface LoadHooks {
  windowStart(): void;
  windowEnd(): void;
}

/** Of the generator; it sleeps 95 % of its time. */
const PRIORITY = 60;

/** Runs the load generator to its end. Rejects with what it says when it fails. */
export function runLoad(args: readonly string[], cpu: number, hooks: LoadHooks): Promise<LoadFigures> {
  const program = buildProgram('load');
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args, '--cpu', String(cpu), '--priority', String(PRIORITY)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    let figures: LoadFigures | undefined;
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString('utf8');
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      try {
        const event: { readonly event: string } = JSON.parse(line);
        if (event.event === 'window-start') hooks.windowStart();
        else if (event.event === 'window-end') hooks.windowEnd();
        else if (isResult(event)) figures = event;
      } catch (error) {
        child.kill();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (figures) resolve(figures);
      else reject(new Error(`the load generator ended with ${code}: ${errors}`));
    });
  });
}

function isResult(event: object): event is LoadFigures {
  return 'event' in event && event.event === 'result' && 'pacingMs' in event;
}
