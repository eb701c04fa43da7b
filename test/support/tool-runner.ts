import type { Tool, ToolContext } from '../../src/tools/tool.js';
import { ToolRunner } from '../../src/tools/tool-runner.js';
import { MemoryLog } from './memory-log.js';

export const sampleFacts = { id: 'call-1', from: '+441234', to: '2000', variables: { shop: 'London' } } as const;

/** A runner of these tools, for a call of nobody in particular. */
export function runnerOf(...tools: readonly Tool[]): ToolRunner {
  return new ToolRunner(() => tools, { call: sampleFacts, log: new MemoryLog() });
}

/** A tool that does what `run` says. */
export function scriptedTool(run: Tool['run'], more: Partial<Tool> & { readonly name?: string } = {}): Tool {
  const { name = 'scripted', ...rest } = more;
  return {
    definition: { name, description: '', parameters: {} },
    timing: { timeoutMs: 10_000, filler: undefined, fillerAfterMs: 700 },
    run,
    ...rest,
  };
}

/** A phone that writes down what tools ask of it; each answer can be replaced. */
export class FakePhone implements ToolContext {
  readonly asked: string[] = [];
  recorded = true;
  leaves = true;
  transferOutcome: () => ReturnType<ToolContext['transfer']> = async () => ({ ok: true, status: 200 });
  digitsOutcome: () => Promise<void> = async () => {};
  holdOutcome: (signal: AbortSignal) => Promise<void> = async () => {};

  hangUp(responseId: string | undefined): boolean {
    this.asked.push(`hang up after ${responseId}`);
    return this.leaves;
  }

  transfer(...[target, responseId]: Parameters<ToolContext['transfer']>): ReturnType<ToolContext['transfer']> {
    this.asked.push(`transfer to ${target.uri} after ${responseId}`);
    return this.transferOutcome();
  }

  sendDigits(digits: string): Promise<void> {
    this.asked.push(`press ${digits}`);
    return this.digitsOutcome();
  }

  hold(seconds: number, signal: AbortSignal): Promise<void> {
    this.asked.push(`hold ${seconds} s`);
    return this.holdOutcome(signal);
  }

  pauseRecording(paused: boolean): boolean {
    this.asked.push(paused ? 'pause the recording' : 'resume the recording');
    return this.recorded;
  }
}
