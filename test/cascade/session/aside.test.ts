import { describe, expect, test } from 'vitest';
import type { Reply } from '../../fakes/cascade/scripted-llm.js';
import { dropped } from '../../fakes/cascade/stage-fault.js';
import { CascadeScene } from './cascade-scene.js';

/** The model thinks about an answer, and is asked for words that bridge the wait. */
async function bridged(answer: Reply, aside: Reply): Promise<CascadeScene> {
  const scene = await CascadeScene.open({
    script: ({ messages }) => (JSON.stringify(messages).includes('Ask for patience') ? aside : answer),
  });
  scene.session.start();
  await scene.settle();
  await scene.converse('Where is it?');
  scene.session.speak({ instructions: 'Ask for patience.', aside: true });
  await scene.settle();
  return scene;
}

describe('words of the model that bridge a wait', () => {
  test('are few, whatever the model writes, and nobody remembers them', async () => {
    const scene = await bridged({ hangs: true }, { text: 'Wait. '.repeat(200) });
    await scene.pass(60_000);
    expect(scene.said).toHaveLength(1);
    expect(scene.said[0]?.length).toBeGreaterThan(100);
    expect(scene.said[0]?.length).toBeLessThan(310);
    scene.report('aside-1', 'all');
    scene.interrupt('api');
    await scene.converse('Hello?');
    expect(scene.prompt).not.toContain('Wait.');
    expect(scene.of('usage').some(({ unit }) => unit === 'output-tokens')).toBe(true);
  });

  test('are said as the model writes them', async () => {
    const scene = await bridged({ hangs: true }, { text: 'One moment, please.' });
    await scene.pass(5_000);
    expect(scene.said).toEqual(['One moment, please.']);
  });

  test('that cannot be had are a warning, and may be asked for again', async () => {
    const scene = await bridged({ hangs: true }, { error: dropped });
    expect(scene.of('warning').map(({ error }) => error.code)).toEqual(['ERR_FLAVOR_NETWORK']);
    expect(scene.said).toEqual([]);
    scene.session.speak({ text: 'One moment.', aside: true });
    await scene.settle();
    expect(scene.said).toEqual(['One moment.']);
  });

  test('are not said, nor thought about any longer, once the answer is there', async () => {
    let answer = (): void => {};
    const gate = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const scene = await bridged({ text: 'It is here.', gate }, { text: 'Wait. ', hangs: true });
    expect(scene.llm.running).toBe(2);
    answer();
    await scene.pass(1_000);
    expect(scene.said).toEqual(['It is here.']);
    expect(scene.llm.running).toBe(0);
    expect(scene.of('warning')).toEqual([]);
  });

  test('are not asked for twice at a time', async () => {
    const scene = await bridged({ hangs: true }, { hangs: true });
    scene.session.speak({ instructions: 'Ask for patience.', aside: true });
    await scene.settle();
    expect(scene.llm.requests).toHaveLength(2);
    expect(scene.events.filter(({ type }) => type === 'end')).toEqual([]);
  });
});
