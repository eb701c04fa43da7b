import { expect, test, vi } from 'vitest';

test('a second copy of the module draws as well, though the renderer is loaded once in a process', async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4"/></svg>';
  const first = await import('../../src/picture/rasterise.js');
  const picture = await first.rasterise(svg);
  expect(Buffer.from(picture.subarray(1, 4)).toString()).toBe('PNG');
  vi.resetModules();
  const second = await import('../../src/picture/rasterise.js');
  expect(second).not.toBe(first);
  expect(await second.rasterise(svg)).toEqual(picture);
});
