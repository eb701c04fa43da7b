import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastify from 'fastify';
import { contentSecurityPolicy, type PageSettings, pageHtml } from './page-html.js';

export interface PageServerOptions extends PageSettings {
  /** Address and port to listen on; port 0: any. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Scripts of the page. Default: those that were built beside this file. */
  readonly scripts?: URL;
}

export interface PageServer extends AsyncDisposable {
  /** Where the page is. */
  readonly url: string;
}

/**
 * Serves the browser phone: a page, its scripts, and SIP.js. Everything that is served is read at the start; nothing a
 * browser sends names a file. Throws the system's error where the address is taken.
 */
export async function servePage(options: PageServerOptions): Promise<PageServer> {
  const files = new Map([
    ...(await scriptsBelow(fileURLToPath(options.scripts ?? new URL('./page/', import.meta.url)), '/page/')),
    ...(await scriptsBelow(dirname(createRequire(import.meta.url).resolve('sip.js')), '/sip.js/')),
  ]);
  const page = pageHtml(options);
  const app = fastify();
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  });
  app.get('/', (_request, reply) =>
    reply
      .headers({ 'content-security-policy': contentSecurityPolicy, 'cache-control': 'no-store' })
      .type('text/html; charset=utf-8')
      .send(page),
  );
  app.get('/*', (request, reply) => {
    const script = files.get(request.url);
    if (script === undefined) return reply.code(404).type('text/plain').send('not found\n');
    return reply.type('text/javascript; charset=utf-8').send(script);
  });
  const url = await app.listen(options.listen);
  return { url, [Symbol.asyncDispose]: () => app.close() };
}

async function scriptsBelow(directory: string, prefix: string): Promise<[string, string][]> {
  const names = await readdir(directory, { recursive: true });
  const scripts = names.filter((name) => name.endsWith('.js'));
  return Promise.all(
    scripts.map(async (name): Promise<[string, string]> => {
      const path = join(directory, name);
      return [prefix + relative(directory, path).split(sep).join('/'), await readFile(path, 'utf8')];
    }),
  );
}
