import { expect, test } from 'vitest';
import { realtimeCapabilities } from '../../../../flavors/openai-realtime/manifest.js';
import { assistantText, createItem, userText } from '../../../../flavors/openai-realtime/protocol/client-event.js';
import { patchUpdate, sessionUpdate, setupOf } from '../../../../flavors/openai-realtime/protocol/session-setup.js';
import type { CallContext } from '../../../../src/flavor-api/index.js';
import { configOf, contextOf } from '../call.js';

const lookUp = { name: 'look_up', description: 'Looks up.', parameters: { type: 'object' } };

function updateOf(config: Readonly<Record<string, unknown>> = {}, context: Partial<CallContext> = {}): unknown {
  return sessionUpdate(setupOf(configOf({ instructions: 'Be brief.', ...config }), contextOf(context)));
}

test('a session neither answers nor interrupts by itself, and passes the codec of the phone through', () => {
  expect(updateOf({}, { tools: [lookUp] })).toEqual({
    type: 'session.update',
    session: {
      type: 'realtime',
      output_modalities: ['audio'],
      instructions: 'Be brief.',
      tools: [{ type: 'function', ...lookUp }],
      tool_choice: 'auto',
      audio: {
        input: {
          format: { type: 'audio/pcmu' },
          turn_detection: {
            type: 'server_vad',
            threshold: 0.5,
            prefix_padding_ms: 300,
            silence_duration_ms: 500,
            create_response: false,
            interrupt_response: false,
          },
          transcription: { model: 'gpt-4o-mini-transcribe' },
        },
        output: { format: { type: 'audio/pcmu' }, voice: 'marin', speed: 1 },
      },
    },
  });
});

test('every option has its place', () => {
  const prompt = { id: 'pmpt_1', version: '2', variables: { shop: '{{shop}}' } };
  const options = {
    turnDetection: { type: 'semantic_vad', eagerness: 'low' },
    noiseReduction: 'near_field',
    transcription: { model: 'whisper-1', language: 'en', prompt: 'haircut' },
    maxOutputTokens: 500,
    reasoningEffort: 'low',
    toolChoice: 'required',
    speed: 1.2,
    prompt,
  };
  const render = (text: string): string => text.replace('{{shop}}', 'London');
  expect(updateOf(options, { render })).toMatchObject({
    session: {
      max_output_tokens: 500,
      reasoning: { effort: 'low' },
      tool_choice: 'required',
      prompt: { ...prompt, variables: { shop: 'London' } },
      audio: {
        input: {
          noise_reduction: { type: 'near_field' },
          transcription: { model: 'whisper-1', language: 'en', prompt: 'haircut' },
          turn_detection: { type: 'semantic_vad', eagerness: 'low', create_response: false, interrupt_response: false },
        },
        output: { speed: 1.2 },
      },
    },
  });
});

test('what is switched off is not in the settings', () => {
  const update = JSON.stringify(updateOf({ transcription: 'off', turnDetection: { type: 'host' }, tools: false }));
  expect(update).toContain('"turn_detection":null');
  for (const word of ['transcription', 'noise_reduction', 'max_output_tokens', 'prompt', 'reasoning', 'temperature']) {
    expect(update).not.toContain(word);
  }
  expect(update).toContain('"tools":[]');
});

test('what is switched off, or left to the service, is not in the settings of the beta dialect', () => {
  const beta = { dialect: 'beta', transcription: 'off', turnDetection: { type: 'host' } };
  const update = JSON.stringify(updateOf(beta));
  for (const word of ['transcription', 'noise_reduction', 'max_response', 'temperature', 'speed']) {
    expect(update).not.toContain(word);
  }
});

test('each format of the contract has its name on the wire', () => {
  const alaw = { encoding: 'alaw', sampleRate: 8000 } as const;
  const pcm16 = { encoding: 'pcm16', sampleRate: 24000 } as const;
  expect(updateOf({}, { input: alaw, output: pcm16 })).toMatchObject({
    session: {
      audio: { input: { format: { type: 'audio/pcma' } }, output: { format: { type: 'audio/pcm', rate: 24000 } } },
    },
  });
});

test('the instructions of a call go before those of the configuration, whose templates are filled in', () => {
  const render = (text: string): string => `${text} It is Monday.`;
  expect(updateOf({}, { render })).toMatchObject({ session: { instructions: 'Be brief. It is Monday.' } });
  expect(updateOf({}, { render, instructions: 'Sell.' })).toMatchObject({ session: { instructions: 'Sell.' } });
});

test('the beta dialect has a flat session of linear sound', () => {
  expect(updateOf({ dialect: 'beta', temperature: 0.8, maxOutputTokens: 300, noiseReduction: 'far_field' })).toEqual({
    type: 'session.update',
    session: {
      modalities: ['text', 'audio'],
      instructions: 'Be brief.',
      tools: [],
      tool_choice: 'auto',
      input_audio_format: 'pcm16',
      output_audio_format: 'pcm16',
      turn_detection: {
        type: 'server_vad',
        threshold: 0.5,
        prefix_padding_ms: 300,
        silence_duration_ms: 500,
        create_response: false,
        interrupt_response: false,
      },
      voice: 'marin',
      input_audio_noise_reduction: { type: 'far_field' },
      input_audio_transcription: { model: 'gpt-4o-mini-transcribe' },
      max_response_output_tokens: 300,
      temperature: 0.8,
    },
  });
});

test('a change in mid-call names what may change and nothing else', () => {
  const setup = setupOf(configOf({ instructions: 'Be brief.' }), contextOf({ tools: [lookUp] }));
  const session = { instructions: 'Be brief.', tools: [{ type: 'function', ...lookUp }] };
  expect(patchUpdate(setup)).toEqual({ type: 'session.update', session: { type: 'realtime', ...session } });
  const beta = { ...setup, config: configOf({ dialect: 'beta' }) };
  expect(patchUpdate(beta)).toEqual({ type: 'session.update', session });
});

test('the text of an assistant has another type in the beta dialect, that of a caller has not', () => {
  const contentOf = (event: object): unknown => JSON.parse(JSON.stringify(event)).item.content[0].type;
  expect(contentOf(createItem(assistantText('Hello.'), 'ga'))).toBe('output_text');
  expect(contentOf(createItem(assistantText('Hello.'), 'beta'))).toBe('text');
  expect(contentOf(createItem(userText('Hello.'), 'beta'))).toBe('input_text');
});

test('capabilities follow from the configuration', () => {
  const ga = realtimeCapabilities(configOf());
  expect(ga.input.map(({ encoding }) => encoding)).toEqual(['mulaw', 'alaw', 'pcm16']);
  expect(ga).toMatchObject({ turnTaking: 'flavor', tools: true, parallelTools: true, truncation: true });
  const beta = realtimeCapabilities(configOf({ dialect: 'beta', tools: false, turnDetection: { type: 'host' } }));
  expect(beta.output.map(({ encoding }) => encoding)).toEqual(['pcm16']);
  expect(beta).toMatchObject({ turnTaking: 'host', tools: false, parallelTools: false });
});
