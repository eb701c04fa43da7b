import type { DtmfTiming } from '../dtmf/dtmf-sender.js';
import type { CommandSequence, StreamParameters } from '../engine.js';

/** What a stream was told and does with its next slot. */
export type Command =
  | {
      readonly type: 'connect';
      readonly sequence: CommandSequence;
      readonly parameters: StreamParameters;
    }
  | { readonly type: 'pause' | 'resume' | 'flush'; readonly sequence: CommandSequence }
  | {
      readonly type: 'send-digits';
      readonly sequence: CommandSequence;
      readonly digits: string;
      readonly timing: Partial<DtmfTiming>;
    };
