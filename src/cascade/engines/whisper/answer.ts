import { isObject, type JsonObject, numberIn, objectIn, objectsIn, parseJson, textIn } from '../shared/json.js';
import { brokenOff, protocolFault, statusFailure } from '../speech-server/failures.js';
import type { SpeechHttpAnswer } from '../speech-server/http.js';
import { serverEvents } from '../speech-server/sse.js';
import type { Hypothesis } from './hypothesis.js';

/** The longest answer taken, bytes: half a minute of speech with all its words and their times has 20 kB. */
export const MAX_ANSWER_BYTES = 512 * 1024;
const MAX_EVENT_CHARACTERS = 64 * 1024;
/** Three times what anybody says in the longest recording, characters: a model that runs on is not shown word by word. */
const MOST_SHOWN_CHARACTERS = 4_000;

/**
 * What a server of transcriptions answers: JSON, plain text, or server-sent events, whatever was asked for.
 *
 * @throws FlavorError for what is none of these, and for an answer that broke off
 */
export async function readAnswer(
  who: string,
  answer: SpeechHttpAnswer,
  onText: (text: string) => void,
): Promise<Hypothesis> {
  const type = (answer.headers['content-type'] ?? '').toLowerCase();
  if (type.startsWith('text/event-stream')) return readEvents(who, answer, onText);
  const text = await readText(answer);
  const value = parseJson(text);
  if (isObject(value)) return hypothesisOf(who, value);
  if (type.startsWith('text/plain')) return { text };
  throw protocolFault(who, 'something that is no transcript');
}

async function readText(answer: SpeechHttpAnswer): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of answer.body) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

function hypothesisOf(who: string, json: JsonObject): Hypothesis {
  if (typeof json['text'] !== 'string') {
    // LocalAI and some gateways report errors with status 200.
    if (json['error'] !== undefined) throw statusFailure(who, 500, [textIn(objectIn(json, 'error'), 'code')]);
    throw protocolFault(who, 'an answer without text');
  }
  const segments = objectsIn(json, 'segments').map((segment) => ({
    text: textIn(segment, 'text'),
    noSpeech: numberIn(segment, 'no_speech_prob'),
    avgLogProb: numberIn(segment, 'avg_logprob'),
    compression: numberIn(segment, 'compression_ratio'),
  }));
  return { text: json['text'], ...(segments.length > 0 && { segments }) };
}

/**
 * The two dialects: OpenAI's and speaches' `transcript.text.delta` and `.done`, and vLLM's `transcription.chunk`, which
 * ends by `[DONE]` as its chat does.
 */
async function readEvents(who: string, answer: SpeechHttpAnswer, onText: (text: string) => void): Promise<Hypothesis> {
  let text = '';
  let endsBlank = false;
  for await (const { data } of serverEvents(who, answer.body, MAX_EVENT_CHARACTERS)) {
    if (data === '[DONE]') return { text };
    const event = parseJson(data);
    if (!isObject(event)) throw protocolFault(who, 'an event that is no JSON object');
    if (event['error'] !== undefined) throw statusFailure(who, 500, [textIn(objectIn(event, 'error'), 'code')]);
    const type = textIn(event, 'type');
    if (type === 'transcript.text.done') return { text: textIn(event, 'text') };
    const delta = type === 'transcript.text.delta' ? textIn(event, 'delta') : chunkText(event);
    if (delta === '') continue;
    // speaches sends segments, without the blank between them.
    text += text === '' || /^\s/u.test(delta) || endsBlank || type === '' ? delta : joined(delta);
    // Whoever looks at the end of `text` has V8 write out all of it, each time.
    endsBlank = /\s$/u.test(delta);
    if (text.length <= MOST_SHOWN_CHARACTERS) onText(text);
  }
  throw brokenOff(who);
}

/** OpenAI's deltas carry their blanks: one that begins with a capital after a full stop, and has none, is speaches'. */
function joined(delta: string): string {
  return /^[\p{Lu}¿¡]/u.test(delta) ? ` ${delta}` : delta;
}

function chunkText(event: JsonObject): string {
  const [choice] = objectsIn(event, 'choices');
  return choice === undefined ? '' : textIn(objectIn(choice, 'delta'), 'content');
}
