import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.js';
import { createFakeIo } from '../fake-io.js';

test('the page is served until a signal', async () => {
  const io = createFakeIo('/');
  const args = ['--listen', '127.0.0.1:0', '--server', 'wss://phone.example.com:5067', '--number', '3000'];
  const ended = runCli(['browser-phone', ...args], io);
  const shown = (): string => /^http:\S+$/m.exec(io.out())?.[0] ?? '';
  await expect.poll(shown).not.toBe('');
  const url = shown();
  const html = await (await fetch(url)).text();
  expect(html).toContain('value="wss://phone.example.com:5067"');
  expect(html).toContain('value="3000"');
  io.send('SIGINT');
  expect(await ended).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
});

test('an address that is taken is named, with what helps', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as AddressInfo;
  const io = createFakeIo('/');
  expect(await runCli(['browser-phone', '--listen', `127.0.0.1:${port}`], io)).toBe(1);
  expect(io.err()).toContain(`127.0.0.1:${port} is taken: name another address with --listen (ERR_LISTEN)`);
});

test.each([
  [['--server', 'http://127.0.0.1:5066'], 2, 'expected a URL such as ws://'],
  [['--listen', '8090'], 2, 'expected an address and a port'],
  [['--listen', '192.0.2.1:0'], 1, 'EADDRNOTAVAIL'],
])('%j is refused with code %d', async (args, code, part) => {
  const io = createFakeIo('/');
  expect(await runCli(['browser-phone', ...args], io)).toBe(code);
  expect(io.err()).toContain(part);
});
