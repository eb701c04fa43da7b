import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createSystemRandom } from '../../../src/base/random.js';
import { FifoMiLink, writeToFifo } from '../../../src/signaling/opensips/mi/fifo-mi-link.js';
import { takeObjects } from '../../../src/signaling/opensips/mi/mi-message.js';
import { FakeClock } from '../../support/fake-clock.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

it('a late answer and the one after it in one piece are two answers', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'opensips_fifo');
  execFileSync('mkfifo', [path]);
  const opensips = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(opensips));
  const clock = new FakeClock();
  const link = new FifoMiLink({ path, replyDirectory: directory }, { clock, random: createSystemRandom() });
  onTestFinished(() => link.close());
  const answers: string[] = [];
  await link.open((text) => void answers.push(text));
  link.send('{"id":1}');
  link.send('{"id":2}');
  clock.advance(1_000);
  const reply = readdirSync(directory).find((name) => name.startsWith('voice_connector')) ?? '';
  writeFileSync(join(directory, reply), '{"id":1,"result":{"a":"}é"}}\n{"id":2,"result":"OK"}', { flag: 'r+' });
  await expect.poll(() => answers).toHaveLength(2);
  expect(answers).toEqual(['{"id":1,"result":{"a":"}é"}}', '{"id":2,"result":"OK"}']);
});

it('what stands where the FIFO should be and is none is not written to', async () => {
  const directory = temporaryDirectory();
  const records = join(directory, 'cdr.jsonl');
  writeFileSync(records, '{"id":"1"}\n');
  const path = join(directory, 'opensips_fifo');
  symlinkSync(records, path);
  await expect(writeToFifo(path, ':voice_connector:{"id":1}\n')).rejects.toThrow(`${path} is no FIFO`);
  expect(readFileSync(records, 'utf8')).toBe('{"id":"1"}\n');
});

it('objects are taken out of a stream one by one', () => {
  expect(takeObjects('500 Oops\n{"a":"\\"{"}{"b":{}}\n{"c')).toEqual({
    objects: ['{"a":"\\"{"}', '{"b":{}}'],
    rest: '{"c',
  });
  expect(takeObjects('"x"}}')).toEqual({ objects: [], rest: '' });
});
