import { expect, test } from 'vitest';
import { startEcho } from './reference-target.js';

test('a program that ends before it is ready is told, and not waited for', async () => {
  await expect(startEcho(process.execPath, ['-e', 'process.exit(3)'])).rejects.toThrow('ended before it was ready');
});
