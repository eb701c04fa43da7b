import type { CallEvent } from '../ops/call-event.js';

/**
 * A line for people about something that happened in a call; `undefined` for what is not worth one.
 *
 * @param who the person at the other end
 */
export function narrate(event: CallEvent, elapsedMs: number, who = 'caller'): string | undefined {
  const text = wordsFor(event, who);
  return text === undefined ? undefined : `${(elapsedMs / 1000).toFixed(1).padStart(6)} s  ${text}`;
}

function wordsFor(event: CallEvent, who: string): string | undefined {
  switch (event.type) {
    case 'call-started':
      return `INVITE: route ${event.route ?? 'none'}, flavor ${event.flavor ?? 'none'}`;
    case 'call-progress':
      return event.status === 180 ? 'it rings' : undefined;
    case 'call-answered':
      return `answered after ${event.setupMs.toFixed(1)} ms (${event.codec})`;
    case 'agent-speaking':
      if (event.speaking) return 'agent speaks';
      return event.interrupted ? 'agent falls silent, interrupted' : 'agent has finished';
    case 'caller-speaking':
      return `${who} ${event.speaking ? 'speaks' : 'has finished'}`;
    case 'turn':
      return `voice to voice: ${Math.round(event.v2vMs)} ms`;
    case 'barge-in':
      return event.resumed ? 'that was no interruption: the agent goes on' : 'barge-in confirmed';
    case 'digit':
      return 'a key was pressed';
    case 'tool':
      return event.ok ? `tool ${event.name}: ${Math.round(event.ms)} ms` : `tool ${event.name} failed`;
    case 'call-ended':
      return `call ended by the ${event.endedBy === 'caller' ? who : event.endedBy}: ${event.cause}, ${(event.durationMs / 1000).toFixed(1)} s`;
    default:
      return undefined;
  }
}
