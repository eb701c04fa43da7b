import { expect, test } from 'vitest';
import { readTlsMaterial } from '../../src/base/tls-material.js';
import { tlsFile, tlsPair } from '../support/tls-files.js';

test('certificate, key and authority are read, and how long they are good for', async () => {
  const material = await readTlsMaterial({ ...tlsPair('server'), ca: tlsFile('authority.crt') });
  expect(material.cert).toContain('BEGIN CERTIFICATE');
  expect([material.validFromMs, material.validToMs]).toEqual([Date.UTC(2020, 0, 1), Date.UTC(2119, 11, 31)]);
});

test.each([
  [{ ...tlsPair('server'), cert: '/nowhere.crt' }, 'cert', 'cannot be read: there is no such file'],
  [{ ...tlsPair('server'), cert: tlsFile('server.key') }, 'cert', 'holds no PEM certificate'],
  [{ ...tlsPair('server'), cert: tlsFile('make.sh') }, 'cert', 'holds no PEM certificate'],
  [{ ...tlsPair('server'), key: tlsFile('server.crt') }, 'key', 'holds no PEM private key'],
  [{ ...tlsPair('server'), key: tlsFile('client.key') }, 'key', 'is not the key of the certificate'],
  [{ ...tlsPair('server'), key: tlsFile('encrypted.key') }, 'key', 'has a passphrase'],
  [{ ...tlsPair('server'), ca: tlsFile('client.key') }, 'ca', 'holds no PEM certificate'],
])('%#: the file that is wrong is named, and why', async (files, file, message) => {
  await expect(readTlsMaterial(files)).rejects.toMatchObject({
    code: 'ERR_TLS_FILE',
    file,
    message: expect.stringContaining(message),
  });
});
