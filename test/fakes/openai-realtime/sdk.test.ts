import { connect } from 'node:net';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { expect, test } from 'vitest';
import { type FakeOpenAiRealtime, toneVoice } from './index.js';
import { callerLine, eventually, replyLine, useScene } from './scene.js';
import { encodeAudio } from './wire-format.js';

const { start } = useScene();

/** The vendor's own client, which insists on wss: its TLS connection is replaced by a plain one to the fake. */
function sdkClient(fake: FakeOpenAiRealtime): OpenAIRealtimeWS {
  const createConnection = (): ReturnType<typeof connect> => connect(fake.port, '127.0.0.1');
  const client = new OpenAI({ apiKey: 'test', baseURL: 'https://fake.invalid/v1' });
  return new OpenAIRealtimeWS({ model: 'gpt-realtime', options: { createConnection } }, client);
}

type EventOf<Type> = Extract<RealtimeServerEvent, { type: Type }>;

function nextEvent<Type extends RealtimeServerEvent['type']>(
  realtime: OpenAIRealtimeWS,
  type: Type,
): Promise<EventOf<Type>> {
  return new Promise((resolve, reject) => {
    const listener = (event: RealtimeServerEvent): void => {
      if (event.type !== type) return;
      realtime.off('event', listener);
      resolve(event as EventOf<Type>);
    };
    realtime.on('event', listener);
    realtime.on('error', reject);
  });
}

test("the vendor's client holds a conversation with the fake", async () => {
  const fake = await start();
  const realtime = sdkClient(fake);
  await nextEvent(realtime, 'session.created');
  const updated = nextEvent(realtime, 'session.updated');
  realtime.send({
    type: 'session.update',
    session: {
      type: 'realtime',
      output_modalities: ['audio'],
      instructions: 'Be brief.',
      audio: {
        input: {
          format: { type: 'audio/pcmu' },
          transcription: { model: 'whisper-1' },
          turn_detection: { type: 'server_vad' },
        },
        output: { format: { type: 'audio/pcmu' }, voice: 'marin' },
      },
    },
  });
  expect((await updated).session).toMatchObject({
    instructions: 'Be brief.',
    audio: { input: { format: { type: 'audio/pcmu' } }, output: { voice: 'marin' } },
  });

  const speech = await toneVoice(callerLine);
  const padded = new Int16Array(speech.pcm.length + speech.sampleRate);
  padded.set(speech.pcm);
  const heard = nextEvent(realtime, 'conversation.item.input_audio_transcription.completed');
  const done = nextEvent(realtime, 'response.done');
  const said = nextEvent(realtime, 'response.output_audio_transcript.done');
  const audio = Buffer.from(encodeAudio(padded, speech.sampleRate, { type: 'audio/pcmu' })).toString('base64');
  realtime.send({ type: 'input_audio_buffer.append', audio });
  expect((await heard).transcript).toBe(callerLine);
  expect((await said).transcript).toBe(replyLine);
  const { response } = await done;
  expect(response).toMatchObject({ status: 'completed', output: [{ type: 'message', role: 'assistant' }] });
  expect(response.usage?.total_tokens).toBe(
    (response.usage?.input_tokens ?? 0) + (response.usage?.output_tokens ?? Number.NaN),
  );
  realtime.close();
  await eventually(() => fake.connections()).toBe(0);
});

test("the vendor's client sees a refusal as its error", async () => {
  const fake = await start();
  const realtime = sdkClient(fake);
  await nextEvent(realtime, 'session.created');
  const refused = nextEvent(realtime, 'response.done');
  realtime.send({ type: 'response.cancel' });
  await expect(refused).rejects.toMatchObject({ error: { code: 'response_cancel_not_active' } });
  realtime.close();
});
