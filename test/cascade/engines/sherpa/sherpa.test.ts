import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { sherpaListenSchema, sherpaSpeakSchema } from '../../../../src/cascade/engines/sherpa/config.js';
import {
  createSherpaSpeechBackend,
  createSherpaSpeechToText,
  type SherpaDeps,
} from '../../../../src/cascade/engines/sherpa/index.js';
import { findEar, findVoice } from '../../../../src/cascade/engines/sherpa/model-folder.js';
import type { SpeechChunk } from '../../../../src/cascade/engines/speech-server/backend.js';
import { createTextToSpeech, textToSpeechConfig } from '../../../../src/cascade/engines/standby.js';
import { formatReport, runSpeechToTextChecks } from '../../../../src/flavor-testkit/index.js';
import { speechLike } from '../../../../src/flavor-testkit/sound.js';

const standIn: SherpaDeps = { module: new URL('./stand-in.mjs', import.meta.url).href };
const { signal } = new AbortController();
const input = { encoding: 'mulaw', sampleRate: 8000 } as const;
const open: AsyncDisposable[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function modelFolder(name: string, ...files: readonly string[]): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'sherpa-'));
  folders.push(root);
  const folder = join(root, name);
  await mkdir(folder);
  for (const file of files) await writeFile(join(folder, file), '');
  return folder;
}

const transducer = [
  'encoder-epoch-99.int8.onnx',
  'encoder-epoch-99.onnx',
  'decoder-epoch-99.onnx',
  'joiner.onnx',
  'tokens.txt',
];

describe('what is in a folder', () => {
  test.each([
    ['sherpa-onnx-streaming-zipformer-en', transducer, 'online', 'transducer'],
    ['sherpa-onnx-zipformer-gigaspeech', transducer, 'offline', 'transducer'],
    [
      'sherpa-onnx-whisper-tiny.en',
      ['tiny.en-encoder.onnx', 'tiny.en-decoder.int8.onnx', 'tiny.en-tokens.txt'],
      'offline',
      'whisper',
    ],
    [
      'sherpa-onnx-moonshine-tiny-en-int8',
      ['preprocess.onnx', 'encode.int8.onnx', 'uncached_decode.int8.onnx', 'cached_decode.int8.onnx', 'tokens.txt'],
      'offline',
      'moonshine',
    ],
    ['sherpa-onnx-sense-voice-zh-en', ['model.int8.onnx', 'tokens.txt'], 'offline', 'senseVoice'],
    ['sherpa-onnx-nemo-fast-conformer', ['model.onnx', 'tokens.txt'], 'offline', 'nemoCtc'],
    ['sherpa-onnx-streaming-zipformer-ctc-small', ['ctc-epoch-30.onnx', 'tokens.txt'], 'online', 'zipformer2Ctc'],
  ])('%s', (name, files, kind, member) => {
    const found = findEar({ path: `/models/${name}`, files }, undefined, 'en');
    expect(found.kind).toBe(kind);
    expect(Object.keys(found.model)).toContain(member);
    expect(found.tokens).toMatch(/tokens\.txt$/);
  });

  test('of two sizes the smaller is taken', () => {
    const { model } = findEar({ path: '/m/zipformer', files: transducer }, undefined, '');
    expect(model['transducer']).toMatchObject({ encoder: '/m/zipformer/encoder-epoch-99.int8.onnx' });
  });

  test.each([
    ['a part is missing', 'zipformer', transducer.filter((file) => !file.startsWith('decoder')), 'decoder is missing'],
    ['nothing shows what it is', 'model', ['model.onnx', 'tokens.txt'], 'name it as kind'],
  ])('%s', (_, name, files, message) => {
    const found = (): unknown => findEar({ path: `/m/${name}`, files }, undefined, '');
    expect(found).toThrow(
      expect.objectContaining({ code: 'ERR_FLAVOR_CONFIG', message: expect.stringContaining(message) }),
    );
  });

  test('what a folder lies in says nothing of it', () => {
    const ear = findEar({ path: '/srv/streaming/nemo/sherpa-onnx-zipformer-en', files: transducer }, undefined, '');
    expect(ear).toMatchObject({ kind: 'offline' });
    expect(ear.model).not.toHaveProperty('modelType');
    const piper = { path: '/srv/kokoro/vits-piper-en', files: ['en.onnx', 'tokens.txt'] };
    expect(findVoice(piper, undefined).model).toHaveProperty('vits');
  });

  test('a folder without a word of its own is known by the one that it lies in', () => {
    const ear = findEar({ path: '/srv/sherpa-onnx-streaming-zipformer-en/exp', files: transducer }, undefined, '');
    expect(ear).toMatchObject({ kind: 'online' });
  });

  test('voices', () => {
    const piper = { path: '/m/vits-piper-en', files: ['en.onnx', 'en.onnx.json', 'tokens.txt', 'espeak-ng-data'] };
    const vits = {
      model: '/m/vits-piper-en/en.onnx',
      tokens: expect.any(String),
      dataDir: '/m/vits-piper-en/espeak-ng-data',
    };
    expect(findVoice(piper, undefined).model).toEqual({ vits });
    const kokoro = { path: '/m/kokoro-en', files: ['model.onnx', 'voices.bin', 'tokens.txt', 'espeak-ng-data'] };
    expect(findVoice(kokoro, undefined).model).toHaveProperty('kokoro.voices', '/m/kokoro-en/voices.bin');
  });
});

test('a streaming model keeps the promises of a recogniser', async () => {
  const folder = await modelFolder('sherpa-onnx-streaming-zipformer-en', ...transducer);
  const report = await runSpeechToTextChecks({
    create: () => createSherpaSpeechToText(sherpaListenSchema.parse({ folder }), standIn),
    frameIntervalMs: 0,
  });
  expect(report.conforms, formatReport(report)).toBe(true);
});

test('capitals become a sentence', async () => {
  const folder = await modelFolder('zipformer', ...transducer);
  const engine = createSherpaSpeechToText(sherpaListenSchema.parse({ folder, partials: false }), standIn);
  open.push(engine);
  const stream = await engine.open({ input }, signal);
  const speech = speechLike(input, 1_000);
  for (let at = 0; at < speech.length; at += 160) {
    stream.write({ data: speech.subarray(at, at + 160), positionMs: at / 8, concealed: false });
  }
  stream.finalize();
  for await (const event of stream.events) {
    if (event.type !== 'transcript' || !event.final) continue;
    expect(event.text).toMatch(/^Word( word)+$/);
    break;
  }
});

describe('what can go wrong', () => {
  test('without the package, that is what is said', async () => {
    const folder = await modelFolder('zipformer', ...transducer);
    const engine = createSherpaSpeechToText(sherpaListenSchema.parse({ folder }), {
      module: 'no-such-package-anywhere',
    });
    open.push(engine);
    await expect(engine.check(signal)).rejects.toMatchObject({
      code: 'ERR_FLAVOR_CONFIG',
      message: expect.stringContaining('npm install sherpa-onnx-node'),
    });
  });

  test('a folder that is not there', async () => {
    const engine = createSherpaSpeechToText(sherpaListenSchema.parse({ folder: '/no/such/folder' }), standIn);
    open.push(engine);
    await expect(engine.check(signal)).rejects.toMatchObject({ code: 'ERR_FLAVOR_CONFIG', retryable: false });
  });

  test('native code that ends its process over a model is told as a fault of the model', async () => {
    const folder = await modelFolder('zipformer', ...transducer);
    const engine = createSherpaSpeechToText(sherpaListenSchema.parse({ folder, threads: 64 }), standIn);
    open.push(engine);
    await expect(engine.check(signal)).rejects.toMatchObject({
      code: 'ERR_FLAVOR_CONFIG',
      message: expect.stringContaining('over the model in'),
    });
  });

  test('a process that dies at work is started again', async () => {
    const folder = await modelFolder('zipformer', ...transducer);
    const engine = createSherpaSpeechToText(sherpaListenSchema.parse({ folder, partials: false, retries: 0 }), standIn);
    open.push(engine);
    for (const [ms, end] of [
      [2_800, 'ERR_FLAVOR_NETWORK'],
      [1_000, undefined],
    ] as const) {
      const stream = await engine.open({ input }, signal);
      const speech = speechLike(input, ms);
      for (let at = 0; at < speech.length; at += 160) {
        stream.write({ data: speech.subarray(at, at + 160), positionMs: at / 8, concealed: false });
      }
      stream.finalize();
      for await (const event of stream.events) {
        if (event.type === 'transcript' && event.final && event.text !== '') {
          expect(end).toBeUndefined();
          stream.close();
        }
        if (event.type === 'end' && end) expect(event.error).toMatchObject({ code: end, retryable: true });
      }
    }
  });
});

test('a section of the configuration names one as a voice, and nothing is loaded before it speaks', async () => {
  const folder = await modelFolder('vits-piper-en_US-amy-low', 'en_US-amy-low.onnx', 'tokens.txt');
  const voice = createTextToSpeech(textToSpeechConfig.parse({ provider: 'sherpa-onnx', folder }));
  open.push(voice);
  expect(voice.identity).toEqual({ provider: 'sherpa-onnx', model: 'vits-piper-en_US-amy-low' });
});

test('a voice speaks, in the rate of its model', async () => {
  const folder = await modelFolder('vits-piper-en', 'en.onnx', 'tokens.txt');
  const backend = createSherpaSpeechBackend(sherpaSpeakSchema.parse({ folder, speed: 1.5 }), standIn);
  open.push(backend);
  expect(await backend.probe(signal)).toEqual({ state: 'ready' });
  const chunks: SpeechChunk[] = [];
  for await (const chunk of backend.synthesize('Good morning.', signal)) chunks.push(chunk);
  expect(chunks.map(({ type }) => type)).toEqual(['format', 'audio', 'usage']);
  expect(chunks[0]).toEqual({ type: 'format', sampleRate: 22_050 });
  expect(chunks[1]).toHaveProperty('samples.length', Math.round((13 * 0.06 * 22_050) / 1.5));
  expect(chunks[2]).toMatchObject({ provider: 'sherpa-onnx', model: 'vits-piper-en', quantity: 13 });
});
