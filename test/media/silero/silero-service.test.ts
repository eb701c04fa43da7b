import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '../../../src/base/clock.js';
import { type SileroEar, SileroService } from '../../../src/media/silero/silero-service.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const module = new URL('./stand-in.mjs', import.meta.url).href;
const loud = new Int16Array(160).map((_, index) => (index % 16 < 8 ? 6000 : -6000));
const quiet = new Int16Array(160);
/** Makes the stand-in die. */
const deadly = new Int16Array(160).fill(32_767);

function setUp(options: { readonly model?: string; readonly module?: string } = {}) {
  const model = join(temporaryDirectory(), options.model ?? 'silero_vad.onnx');
  if (options.model !== 'absent.onnx') writeFileSync(model, 'weights');
  const notices: string[] = [];
  const service = new SileroService(
    { model, module: options.module ?? module },
    { clock: createSystemClock(), onUnavailable: (message) => notices.push(message) },
  );
  onTestFinished(() => service.close());
  return { service, notices, model };
}

/** Pushes frames until the verdict is the one awaited. */
const until = (ear: SileroEar, frame: Int16Array, speech: boolean | undefined): Promise<void> =>
  expect
    .poll(
      () => {
        ear.push(frame);
        return ear.speech;
      },
      { interval: 5 },
    )
    .toBe(speech);

test('each call gets verdicts of its own, from one process', async () => {
  const { service, notices } = setUp();
  const [one, other] = [service.open(), service.open()];
  expect(one.speech).toBeUndefined();
  await until(one, loud, true);
  await until(other, quiet, false);
  expect(one.speech).toBe(true);
  await until(one, quiet, false);
  await until(other, loud, true);
  one.close();
  one.close();
  one.push(loud);
  expect(one.speech).toBeUndefined();
  // The detector of the call that is over serves the next one, with nothing left in it.
  const next = service.open();
  await until(next, quiet, false);
  expect(notices).toEqual([]);
});

test('a call that ends in the turn of its last frame leaves no detector behind in the process', async () => {
  const { service, notices } = setUp();
  const lasting = service.open();
  await until(lasting, loud, true);
  for (let call = 0; call < 20; call += 1) {
    const ear = service.open();
    lasting.push(call % 2 === 0 ? quiet : loud);
    ear.push(loud);
    ear.close();
    await new Promise(setImmediate);
  }
  await until(lasting, quiet, false);
  await until(lasting, loud, true);
  expect(notices).toEqual([]);
});

test.each([
  ['the package', { module: 'sherpa-onnx-that-is-not-there' }, /npm install sherpa-onnx-node/],
  ['the file', { model: 'absent.onnx' }, /absent\.onnx is no Silero model/],
  ['a model in the file', { model: 'wrong.onnx' }, /wrong\.onnx is no Silero model/],
  ['a model that does not end the process', { model: 'broken.onnx' }, /broken\.onnx is no Silero model/],
])('without %s there is no verdict, and one notice', async (_what, options, notice) => {
  const { service, notices } = setUp(options);
  const ear = service.open();
  await expect.poll(() => notices).toHaveLength(1);
  ear.push(loud);
  service.open();
  expect(ear.speech).toBeUndefined();
  expect(notices).toEqual([expect.stringMatching(notice)]);
});

test('a process that dies takes its verdicts with it', async () => {
  const { service, notices } = setUp();
  const ear = service.open();
  await until(ear, loud, true);
  await until(ear, deadly, undefined);
  expect(notices).toEqual([expect.stringContaining('started again in 30 s')]);
});
