import { expect, test } from 'vitest';
import { azureListenSchema, createAzureSpeechToText } from '../../../../src/cascade/engines/azure/index.js';
import { eventually, spoken, useScene } from '../../../fakes/azure/scene.js';
import { depsOf, phone, useEngines } from './bench.js';

const { start } = useScene();
const { listen } = useEngines();

test('a caller is understood: first roughly, then for good, with the times of the words', async () => {
  const fake = await start({ lines: ['I would like to book a table.'] });
  const caller = await listen(fake);
  caller.say(await spoken('I would like to book a table'));
  await eventually(() => caller.finals()).toEqual(['I would like to book a table.']);
  const transcripts = caller.heard.of('transcript');
  expect(transcripts.filter(({ final }) => !final).length).toBeGreaterThan(0);
  expect('i would like to book a table').toContain(transcripts[0]?.text);
  const words = transcripts.at(-1)?.words ?? [];
  expect(words.map(({ text }) => text).join(' ')).toBe('I would like to book a table.');
  for (const [index, word] of words.entries()) {
    expect(word.startMs).toBeLessThanOrEqual(word.endMs);
    expect(word.startMs).toBeGreaterThanOrEqual(words[index - 1]?.startMs ?? 0);
  }
  expect(caller.heard.types()[0]).toBe('speech-started');
});

test('the recogniser is told the language, the phrases and the silence, and what it hears is mu-law', async () => {
  const fake = await start();
  await listen(fake, {
    languages: ['de-DE'],
    phrases: ['Aller & Söhne', 'Rufnummer'],
    segmentation: { silenceMs: 700 },
    profanity: 'raw',
    customModel: 'abc-123',
  });
  await eventually(() => fake.timeline.connections[0]?.messages.length).toBe(2);
  const [connection] = fake.timeline.connections;
  const query = new URLSearchParams(connection?.query);
  expect(Object.fromEntries(query)).toEqual({
    format: 'detailed',
    wordLevelTimestamps: 'true',
    profanity: 'raw',
    // In place of a language, as in Microsoft's SDK.
    cid: 'abc-123',
  });
  const [config, context] = connection?.messages ?? [];
  expect(config).toMatchObject({
    path: 'speech.config',
    body: { context: { audio: { source: { samplerate: 8000, bitspersample: 8, channelcount: 1 } } } },
  });
  expect(context).toMatchObject({
    path: 'speech.context',
    body: {
      phraseDetection: {
        mode: 'Conversation',
        language: 'de-DE',
        conversation: { segmentation: { mode: 'Custom', segmentationSilenceTimeoutMs: 700 } },
      },
      dgi: { groups: [{ type: 'Generic', items: [{ text: 'Aller & Söhne' }, { text: 'Rufnummer' }] }] },
    },
  });
});

test('the key is in a header, and never in the address, which proxies log', async () => {
  const fake = await start({ key: 'test' });
  await listen(fake);
  expect(fake.timeline.connections[0]?.credential).toBe('header');
  expect(fake.timeline.connections[0]?.query).not.toContain('test');
});

test('of several languages, each segment says which one it is', async () => {
  const fake = await start({ lines: ['Guten Tag.'] });
  const caller = await listen(fake, { languages: ['de-DE', 'en-US'] });
  caller.say(await spoken('Guten Tag'));
  await eventually(() => caller.heard.of('transcript').at(-1)?.final).toBe(true);
  expect(caller.heard.of('transcript').at(-1)).toMatchObject({ text: 'Guten Tag.', language: 'de-DE' });
});

test('finalize() brings the text at once, not after the silence, and the connection listens on', async () => {
  const fake = await start({ lines: ['Yes.', 'At seven.'] });
  const caller = await listen(fake, { segmentation: { silenceMs: 5000 } });
  caller.say(await spoken('Yes', 100));
  caller.stream.finalize();
  await eventually(() => caller.finals()).toEqual(['Yes.']);
  caller.say(await spoken('At seven', 100));
  caller.stream.finalize();
  await eventually(() => caller.finals()).toEqual(['Yes.', 'At seven.']);
  expect(fake.timeline.connections.length).toBe(1);
});

test('finalize() when nothing was said answers that nothing was said, and sends nothing', async () => {
  const fake = await start();
  const caller = await listen(fake);
  caller.say(new Uint8Array(8000).fill(0xff));
  caller.stream.finalize();
  await eventually(() => caller.finals()).toEqual(['']);
});

test('words of a later turn count on the clock of the call, not of their turn', async () => {
  const fake = await start({ lines: ['Yes.', 'No.'] });
  const caller = await listen(fake, { segmentation: { silenceMs: 5000 } });
  const audio = await spoken('Yes', 1000);
  caller.say(audio);
  caller.stream.finalize();
  await eventually(() => caller.finals().length).toBe(1);
  caller.say(await spoken('No', 100));
  caller.stream.finalize();
  await eventually(() => caller.finals().length).toBe(2);
  const [word] = caller.heard.of('transcript').at(-1)?.words ?? [];
  const saidAtMs = audio.length / 8;
  expect(word?.startMs).toBeGreaterThan(saidAtMs - 100);
  expect(word?.startMs).toBeLessThan(saidAtMs + 100);
});

test('a turn that the service ends by itself is followed by another, and no word is lost', async () => {
  const fake = await start({ lines: ['At seven please.'] });
  const caller = await listen(fake);
  fake.fail('turn-end', { once: true });
  caller.say(await spoken('At seven please'));
  await eventually(() => caller.finals()).toEqual(['At seven please.']);
  const contexts = fake.timeline.connections[0]?.messages.filter(({ path }) => path === 'speech.context') ?? [];
  expect(new Set(contexts.map(({ requestId }) => requestId)).size).toBe(2);
});

test.each(['close-1006', 'close-1011', 'close-4429', 'close-1000', 'phrase-error', 'oversized'] as const)(
  'a caller who talks while the connection goes (%s) is heard by the next one, from the beginning of the turn',
  async (fault) => {
    const fake = await start({ lines: ['At seven please.'] });
    const caller = await listen(fake);
    fake.fail(fault, { once: true, to: 'open' });
    caller.say(await spoken('At seven please'));
    await eventually(() => caller.finals()).toEqual(['At seven please.']);
    expect(caller.warnings().length).toBe(1);
    expect(fake.timeline.connections.length).toBe(2);
  },
);

test('a message that cannot be read is a warning, and the connection stays', async () => {
  const fake = await start({ lines: ['Yes.'] });
  const caller = await listen(fake);
  fake.malformNext('stt');
  caller.say(await spoken('Yes'));
  await eventually(() => caller.finals()).toEqual(['Yes.']);
  expect(new Set(caller.warnings())).toEqual(new Set(['ERR_FLAVOR_PROTOCOL']));
  expect(fake.timeline.connections.length).toBe(1);
});

test.each([
  ['upgrade-401', 'ERR_FLAVOR_AUTH', false],
  ['upgrade-403', 'ERR_FLAVOR_AUTH', false],
  ['upgrade-429', 'ERR_FLAVOR_QUOTA', true],
  ['upgrade-500', 'ERR_FLAVOR_NETWORK', true],
  ['upgrade-503', 'ERR_FLAVOR_NETWORK', true],
  ['connect-refused', 'ERR_FLAVOR_NETWORK', true],
  ['connect-hang', 'ERR_FLAVOR_TIMEOUT', true],
] as const)('a connection that fails with %s is told as %s', async (fault, code, retryable) => {
  const fake = await start();
  fake.fail(fault);
  await expect(listen(fake, { connectTimeoutMs: 150 })).rejects.toMatchObject({ code, retryable });
});

test('one connection more than the resource may have is refused as busy, not as a wrong key', async () => {
  const fake = await start({ limits: { stt: 1, tts: 1 } });
  await listen(fake);
  await expect(listen(fake)).rejects.toMatchObject({ code: 'ERR_FLAVOR_QUOTA', retryable: true });
});

test('a free quota that is used up ends the stream: another connection would not help', async () => {
  const fake = await start();
  const caller = await listen(fake);
  fake.fail('phrase-forbidden');
  caller.say(await spoken('Yes'));
  await caller.heard.ended;
  expect(caller.heard.of('end')[0]?.error).toMatchObject({ code: 'ERR_FLAVOR_QUOTA', retryable: false });
  expect(fake.timeline.connections.length).toBe(1);
});

test('a service that stays away ends the stream after so many attempts', async () => {
  const fake = await start();
  const caller = await listen(fake);
  fake.fail('upgrade-503');
  fake.drop();
  await caller.heard.ended;
  expect(caller.heard.of('end')[0]?.error).toMatchObject({ code: 'ERR_FLAVOR_NETWORK' });
});

test('audio that was sent is what is charged, and close() ends in order', async () => {
  const fake = await start();
  const caller = await listen(fake);
  caller.say(new Uint8Array(8 * 4000).fill(0x10));
  await eventually(() => fake.timeline.connections[0]?.audioMs).toBeGreaterThan(0);
  caller.stream.close();
  caller.stream.close();
  await caller.heard.ended;
  expect(caller.heard.types().slice(-2)).toEqual(['usage', 'end']);
  const [usage] = caller.heard.of('usage');
  expect(usage).toMatchObject({ provider: 'azure', unit: 'audio-ms' });
  await eventually(() => fake.timeline.connections[0]?.audioMs).toBe(usage?.quantity);
  await eventually(() => fake.connections()).toBe(0);
});

test('the signal of the call ends the stream, and the opening', async () => {
  const fake = await start();
  const controller = new AbortController();
  const caller = await listen(fake, {}, controller.signal);
  controller.abort();
  await caller.heard.ended;
  expect(caller.heard.of('end')[0]?.error).toBeUndefined();
  await eventually(() => fake.connections()).toBe(0);
  fake.fail('connect-hang');
  const opening = new AbortController();
  const late = listen(fake, {}, opening.signal);
  opening.abort(new Error('hung up'));
  await expect(late).rejects.toThrow('hung up');
});

test('check() says whether the key is right, and sends no audio', async () => {
  const fake = await start({ key: 'right' });
  const config = azureListenSchema.parse({});
  const { signal } = new AbortController();
  await createAzureSpeechToText(config, depsOf(fake, 'right')).check(signal);
  await expect(createAzureSpeechToText(config, depsOf(fake, 'wrong')).check(signal)).rejects.toMatchObject({
    code: 'ERR_FLAVOR_AUTH',
  });
  expect(fake.timeline.connections[0]?.audioMs).toBe(0);
  expect(phone.encoding).toBe('mulaw');
});
