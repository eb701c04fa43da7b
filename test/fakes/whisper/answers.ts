import type { ServerResponse } from 'node:http';
import type { SpeechFaultOptions } from '../speech-server/faults.js';
import type { WhisperFault } from './faults.js';
import type { Heard } from './hearing.js';
import type { WhisperVariant } from './options.js';

const FLOOD_BYTES = 64 * 1024;
const FLOOD_PIECES = 200;

export interface TranscriptionAnswer {
  readonly variant: WhisperVariant;
  readonly fields: Readonly<Record<string, string>>;
  readonly heard: Heard;
  readonly faults: ReadonlyMap<WhisperFault, SpeechFaultOptions>;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
}

/** Answers a recording as the server does, with the faults that meet it. */
export async function answerTranscription(answer: TranscriptionAnswer): Promise<void> {
  const { variant, fields, faults, response } = answer;
  if (faults.has('html')) {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Sign in to the network</body></html>');
    return;
  }
  if (faults.has('flood')) return flood(answer);
  if (fields['stream'] === 'true' && streams(variant, fields)) return answerByEvents(answer);
  const body = bodyOf(answer);
  response.writeHead(200, { 'content-type': 'application/json' });
  if (faults.has('empty')) response.end();
  else if (faults.has('malformed')) response.end('{"text": "Hel');
  else if (faults.has('cut')) {
    response.write(body.slice(0, 5));
    setTimeout(() => response.destroy(), 10);
  } else response.end(body);
}

/** OpenAI passes over `stream` where the model is `whisper-1`, whisper.cpp over all it does not know. */
function streams(variant: WhisperVariant, { model }: TranscriptionAnswer['fields']): boolean {
  return variant !== 'whisper.cpp' && !(variant === 'openai' && model === 'whisper-1');
}

function bodyOf({ variant, fields, heard, faults }: TranscriptionAnswer): string {
  const { text, durationMs } = heard;
  // whisper.cpp begins with a blank and ends with a new line, and has a marker for silence.
  const written = variant === 'whisper.cpp' ? `${text === '' ? ' [BLANK_AUDIO]' : ` ${text}`}\n` : text;
  if (fields['response_format'] !== 'verbose_json') return JSON.stringify({ text: written });
  const doubtful = faults.has('hallucinate') || faults.has('subtitles') || text === '';
  const segment = {
    id: 0,
    start: 0,
    end: durationMs / 1_000,
    text: ` ${text}`,
    tokens: [1, 2, 3],
    temperature: 0,
    avg_logprob: doubtful ? -0.9 : -0.2,
    no_speech_prob: doubtful ? 0.55 : 0.02,
    ...(variant !== 'whisper.cpp' && { seek: 0, compression_ratio: 1.1 }),
  };
  return JSON.stringify({
    task: 'transcribe',
    language: 'english',
    duration: durationMs / 1_000,
    text: written,
    segments: text === '' ? [] : [segment],
  });
}

/** speaches: a delta for each segment; OpenAI: for each word, with its blank; vLLM: as its chat does. */
async function answerByEvents({ variant, heard, faults, response, signal }: TranscriptionAnswer): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const send = async (event: object | string): Promise<void> => {
    if (signal.aborted) return;
    response.write(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
    await new Promise((resolve) => setImmediate(resolve));
  };
  if (faults.has('error-event')) {
    await send({ error: { message: 'out of memory', type: 'server_error', code: 500 } });
    response.end();
    return;
  }
  const pieces = variant === 'speaches' ? heard.text.match(/[^.!?]+[.!?]*/g) : heard.text.match(/\s*\S+/g);
  for (const piece of pieces ?? []) {
    if (variant === 'vllm') {
      await send({ object: 'transcription.chunk', choices: [{ delta: { content: piece }, finish_reason: null }] });
    } else {
      const delta = variant === 'speaches' ? piece.trim() : piece;
      await send({ type: 'transcript.text.delta', delta });
    }
    if (!faults.has('cut')) continue;
    response.destroy();
    return;
  }
  if (variant === 'vllm') await send('[DONE]');
  else await send({ type: 'transcript.text.done', text: heard.text });
  response.end();
}

function flood({ response, signal }: TranscriptionAnswer): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"text": "');
  for (let i = 0; i < FLOOD_PIECES && !signal.aborted; i += 1) response.write('ha '.repeat(FLOOD_BYTES / 3));
  response.end('"}');
  return Promise.resolve();
}

/** A refusal in the server's own words. */
export function refusalOf(variant: WhisperVariant, status: number): { send(response: ServerResponse): void } {
  return {
    send(response) {
      if (variant === 'whisper.cpp' && status !== 401) {
        // Its error handler rewrites everything: 400 and 500 keep a text, the rest becomes 404.
        if (status === 400) response.writeHead(400, { 'content-type': 'text/plain' }).end('Invalid request');
        else if (status === 429) response.writeHead(429, { 'content-type': 'text/plain' }).end('a proxy: too many');
        else if (status >= 500) response.writeHead(500, { 'content-type': 'text/plain' }).end('Internal Server Error');
        else response.writeHead(404, { 'content-type': 'text/plain' }).end('File Not Found (/inference)');
        return;
      }
      const body =
        variant === 'openai'
          ? { error: { message: `refused with ${status}`, type: 'invalid_request_error', param: null, code: null } }
          : { detail: `refused with ${status}` };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    },
  };
}
