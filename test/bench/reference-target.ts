import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { buildProgram } from './programs.js';
import type { Target, TargetKind } from './target.js';

/** The echo in C that everything is compared with. */
export const referenceKind: TargetKind = {
  name: 'C reference',
  start: (calls, cpu) => startEcho(buildProgram('reference-echo'), ['--calls', String(calls), '--cpu', String(cpu)]),
};

/** Starts an echo without SIP: a program that prints its ports as `{"ports":[...]}`. Rejects where it ends before. */
export async function startEcho(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Target> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const lines = createInterface({ input: child.stdout });
  // It has said why on standard error.
  const ended = once(lines, 'close').then(() => Promise.reject(new Error(`${command} has ended before it was ready`)));
  const [line]: unknown[] = await Promise.race([once(lines, 'line'), ended]);
  const { ports }: { readonly ports: readonly number[] } = JSON.parse(String(line));
  return new EchoTarget(child, ports);
}

class EchoTarget implements Target {
  readonly pid: number;
  readonly loadArgs: readonly string[];
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, ports: readonly number[]) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.loadArgs = ['--ports', ports.join(',')];
  }

  complaint(): string {
    return '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}
