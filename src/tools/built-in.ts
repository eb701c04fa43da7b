import { assertUnreachable } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import { createHangUpTool } from './hang-up.js';
import { createHoldTool } from './hold.js';
import { createRecordingTool } from './recording.js';
import { createSendDtmfTool } from './send-dtmf.js';
import { createStaySilentTool } from './stay-silent.js';
import type { Tool, TransferTarget } from './tool.js';
import { createTransferTool } from './transfer.js';

/** Tools that every connector has. A configured tool may not take one of these names. */
export const builtInToolNames = [
  'hang_up',
  'transfer',
  'send_dtmf',
  'hold',
  'stay_silent',
  'pause_recording',
  'resume_recording',
] as const;

export type BuiltInToolName = (typeof builtInToolNames)[number];

function isBuiltIn(name: string): name is BuiltInToolName {
  const names: readonly string[] = builtInToolNames;
  return names.includes(name);
}

export interface BuiltInOptions {
  readonly clock: Clock;
  /** Without any there is no `transfer`. */
  readonly transferTargets: readonly TransferTarget[];
  /** The call is one of ours. Default: false. */
  readonly outbound?: boolean;
}

/** The built-in tools among `names`, made for one call. */
export function createBuiltIns(names: readonly string[], options: BuiltInOptions): readonly Tool[] {
  return names.filter(isBuiltIn).flatMap((name) => {
    switch (name) {
      case 'hang_up':
        return [createHangUpTool()];
      case 'transfer':
        return options.transferTargets.length === 0 ? [] : [createTransferTool(options.transferTargets)];
      case 'send_dtmf':
        return [createSendDtmfTool(options.clock, { outbound: options.outbound ?? false })];
      case 'hold':
        return [createHoldTool()];
      case 'stay_silent':
        return [createStaySilentTool()];
      case 'pause_recording':
      case 'resume_recording':
        return [createRecordingTool(name)];
      default:
        return assertUnreachable(name);
    }
  });
}
