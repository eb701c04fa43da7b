import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { type PageServer, servePage } from '../../src/browser-phone/page-server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

async function serve(settings: { readonly server?: string; readonly number?: string } = {}): Promise<PageServer> {
  const directory = temporaryDirectory();
  await writeFile(join(directory, 'main.js'), 'export const built = true;\n');
  return servePage({
    server: 'ws://127.0.0.1:5066',
    number: '2000',
    ...settings,
    listen: { host: '127.0.0.1', port: 0 },
    scripts: pathToFileURL(`${directory}/`),
  });
}

test('the page comes with its scripts, with SIP.js, and with the policy that lets no others in', async () => {
  await using page = await serve();
  const response = await fetch(page.url);
  const html = await response.text();
  expect(html).toContain('value="ws://127.0.0.1:5066"');
  expect(html).toContain('value="2000"');
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/script-src 'self' 'sha256-[A-Za-z0-9+/]{43}='/);
  const script = await fetch(new URL('/page/main.js', page.url));
  expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(await script.text()).toBe('export const built = true;\n');
  // What the import map names, and all that it imports in turn.
  const { imports } = JSON.parse(/<script type="importmap">(.*?)<\/script>/.exec(html)?.[1] ?? '') as {
    imports: Record<string, string>;
  };
  const seen = new Set<string>();
  const wanted = [new URL(imports['sip.js'] ?? '', page.url).href];
  for (let url = wanted.pop(); url !== undefined; url = wanted.pop()) {
    if (seen.has(url)) continue;
    seen.add(url);
    const module = await fetch(url);
    expect([url, module.status]).toEqual([url, 200]);
    const text = await module.text();
    for (const [, path = ''] of text.matchAll(/^(?:import|export)[^'";]*?from ["'](\.[^"']+)["']/gm)) {
      wanted.push(new URL(path, url).href);
    }
  }
  expect(seen.size).toBeGreaterThan(50);
});

test.each([
  ['script-src', /<script type="importmap">(.*?)<\/script>/s],
  ['style-src', /<style>(.*?)<\/style>/s],
])('what stands in the page itself is let in by its hash: %s', async (directive, inline) => {
  await using page = await serve();
  const response = await fetch(page.url);
  const hash = createHash('sha256')
    .update(inline.exec(await response.text())?.[1] ?? '')
    .digest('base64');
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy.split('; ').find((one) => one.startsWith(directive))).toContain(`'sha256-${hash}'`);
  expect(policy).not.toContain('unsafe');
});

test('the clock of a call is no news: what is read out aloud is what has changed', async () => {
  await using page = await serve();
  const html = await (await fetch(page.url)).text();
  expect(html).toMatch(/<div id="status" role="status"><\/div><div id="time" role="timer">/);
});

test.each([
  '/page/../page-server.js',
  '/page/%2e%2e/page-server.js',
  '/sip.js/../../package.json',
  '/page/',
  '/etc/passwd',
  '//',
])('%s is nothing that is served', async (path) => {
  await using page = await serve();
  const { status } = await fetch(new URL(page.url).origin + path);
  expect(status).toBe(404);
});

test('what the command line says stays text in the page', async () => {
  await using page = await serve({ number: '"><script>alert(1)</script>' });
  const html = await (await fetch(page.url)).text();
  expect(html).not.toContain('<script>alert');
  expect(html).toContain('&#34;&#62;&#60;script&#62;alert(1)');
});

test('an address that is taken is an error', async () => {
  await using page = await serve();
  const { hostname: host, port } = new URL(page.url);
  await expect(
    servePage({
      server: 'ws://x',
      number: '1',
      listen: { host, port: Number(port) },
      scripts: new URL('./', import.meta.url),
    }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
