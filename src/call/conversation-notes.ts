import type { FlavorEvent } from '../flavor-api/index.js';
import type { BargeInRecord } from '../ops/call-record.js';
import type { Dialogue } from './dialogue.js';
import type { TurnLedger, VoicedTurn } from './turns/turn-ledger.js';

/** What a conversation writes down. */
export interface ConversationNotes {
  readonly ledger: TurnLedger;
  readonly dialogue: Dialogue;
  onCallerSpeaking(speaking: boolean): void;
  onAgentSpeaking(speaking: boolean, interrupted: boolean): void;
  onTurn(turn: VoicedTurn): void;
  onBargeIn(bargeIn: BargeInRecord): void;
  onDigit(digit: string): void;
  onUsage(event: FlavorEvent & { type: 'usage' }): void;
  onTool(name: string, ok: boolean, ms: number): void;
  onWarning(code: string, message: string): void;
}
