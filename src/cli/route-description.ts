import type { Cue, InterruptionConfig } from '../config/config.js';
import type { ConversationOutcome, RouteOutcome, SettingsOutcome } from './route-outcome.js';

/** Characters of instructions that are shown. */
const SHOWN_LENGTH = 100;

/** What would become of a call, for people. */
export function describeOutcome(outcome: RouteOutcome): string {
  const { answer, conversation, file, flavor, hangup, headers, line, missing, number, passedOver } = outcome;
  const { reject, route, settings, use } = outcome;
  const lines = passedOver.map((passed) => `routes[${passed.route}]  ${file}:${passed.line}  no: ${passed.why}`);
  lines.push(route === null ? 'no route matches' : `routes[${route}]  ${file}:${line}  matches`);
  lines.push(
    flavor === null ? `${number} is refused with ${reject}` : `${number} is answered by ${flavor} (use: ${use})`,
  );
  const details = [
    ...(settings ? describeSettings(settings) : []),
    ...(answer && answer.delayMs > 0 ? [`rings for ${answer.delayMs} ms first`] : []),
    ...(answer?.earlyMedia ? ['is heard while it rings (early media)'] : []),
    ...describeHeaders('sees', headers),
    ...(conversation ? describeConversation(conversation) : []),
    ...describeHeaders('answers with', answer?.headers ?? {}),
    ...describeHeaders(answer === null ? 'refuses with' : 'hangs up with', hangup?.headers ?? {}),
    ...(missing.length > 0 ? [`without a value for ${missing.map((name) => `{{${name}}}`).join(', ')}`] : []),
  ];
  return [...lines, ...details.map((detail) => `  ${detail}`)].map((text) => `${text}\n`).join('');
}

function describeHeaders(verb: string, headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).map(([name, value]) => `${verb} ${name}: ${value}`);
}

function describeSettings({ problems, required, source, url }: SettingsOutcome): string[] {
  const without = required ? 'refused with 503 without an answer' : 'goes on as above without an answer';
  const state = source ?? `not asked: add --fetch; ${without}`;
  return [
    ...(url === null ? [] : [`settings: ${url} (${state})`]),
    ...problems.map((problem) => `settings: ${problem}`),
  ];
}

function describeConversation(conversation: ConversationOutcome): string[] {
  const { duration, greeting, instructions, interruption, onFailure, silence, tools, transfer } = conversation;
  const lines: string[] = [];
  if (instructions !== null) lines.push(`is told ${JSON.stringify(shortened(instructions))}`);
  if (greeting !== null) lines.push(greeting.text === '' ? 'does not greet' : `greets with ${quoted(greeting)}`);
  lines.push(describeInterruption(interruption));
  const targets = transfer.map(({ is, name }) => `${name}: ${is}`).join(', ');
  const kinds = tools.map(({ is, name }) => {
    if (name === 'transfer' && is === 'built-in') return `transfer (${targets})`;
    return is === 'built-in' ? name : `${name} (${is})`;
  });
  lines.push(kinds.length === 0 ? 'may use no tools' : `may use ${kinds.join(', ')}`);
  const [first] = silence.reprompts;
  if (first && silence.firstSeconds !== undefined && silence.firstSeconds !== silence.repromptSeconds) {
    lines.push(`says ${quoted(first)} to who has said nothing at all after ${silence.firstSeconds} s`);
  }
  if (silence.reprompts.length > 0) {
    lines.push(`after ${silence.repromptSeconds} s of silence says ${silence.reprompts.map(quoted).join(', then ')}`);
  }
  if (silence.goodbye)
    lines.push(`after ${silence.endSeconds} s of silence says ${quoted(silence.goodbye)} and hangs up`);
  if (duration.warning) {
    lines.push(`after ${duration.endSeconds - duration.warningSeconds} s says ${quoted(duration.warning)}`);
  }
  lines.push(...describeFailure(onFailure));
  return lines;
}

function describeInterruption({ enabled, greeting, minSpeechMs, minWords }: InterruptionConfig): string {
  if (!enabled) return 'cannot be interrupted';
  const words = minWords === 0 ? '' : ` and ${minWords} word${minWords === 1 ? '' : 's'}`;
  return `is interrupted by ${minSpeechMs} ms of speech${words}${greeting ? '' : ', but not while it greets'}`;
}

function describeFailure(onFailure: ConversationOutcome['onFailure']): string[] {
  const { apology, flavors, retries, transfer, waiting, waitingAfterMs } = onFailure;
  const steps = [
    ...(retries > 0 ? [`${retries} ${retries === 1 ? 'retry' : 'retries'}`] : []),
    ...flavors.map(({ is, name }) => `${name} (use: ${is})`),
    quoted(apology),
    transfer === null ? 'hang up' : `transfer to ${transfer.name} (${transfer.is})`,
  ];
  return [
    `after ${waitingAfterMs} ms without an answer says ${quoted(waiting)}`,
    `when it fails: ${steps.join(', then ')}`,
  ];
}

function quoted({ text, wav, instructions }: Cue): string {
  if (instructions !== undefined) return `what it sees fit (told ${JSON.stringify(shortened(instructions))})`;
  if (wav === undefined) return JSON.stringify(text ?? '');
  return text === undefined ? `the recording ${wav}` : `the recording ${wav} (${JSON.stringify(text)})`;
}

function shortened(text: string): string {
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}
