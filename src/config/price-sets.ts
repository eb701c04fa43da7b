import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { ConnectorError, errorMessage } from '../base/connector-error.js';
import { fileProblem } from '../base/file-problem.js';
import { priceSchema } from './schema/cost.js';

const name = () => z.string().min(1).max(200);
const source = { provider: name(), model: name() };
const seconds = () => z.number().min(0).max(3_600).exactOptional();

const machineSchema = z
  .strictObject({
    ...source,
    billed: z.enum(['calls', 'answers', 'hours']),
    hours: z.number().positive().max(744).exactOptional(),
    partTime: z.boolean().exactOptional(),
    startSeconds: seconds(),
    idleSeconds: seconds(),
    realtimeFactor: z.number().positive().max(100).exactOptional(),
  })
  .refine(({ billed, hours }) => (billed === 'hours') === (hours !== undefined), {
    error: 'hours go with `billed: hours`, and with that alone',
  });

const waySchema = z
  .strictObject({
    name: name(),
    note: z.string().max(500).exactOptional(),
    realtime: z.strictObject(source).exactOptional(),
    recogniser: z.strictObject(source).exactOptional(),
    languageModel: z.strictObject(source).exactOptional(),
    voice: z.strictObject(source).exactOptional(),
    machine: machineSchema.exactOptional(),
    line: z.strictObject({ ...source, wholeMinutes: z.boolean().exactOptional() }).exactOptional(),
  })
  .refine(
    ({ realtime, voice, machine }) => [realtime, voice, machine].filter((part) => part !== undefined).length === 1,
    { error: 'a way speaks by one of realtime, voice and machine' },
  );

const fileSchema = z.strictObject({
  date: z.iso.date(),
  prices: z.array(priceSchema).max(1_000),
  credits: z
    .array(
      z.strictObject({
        provider: name(),
        usdPerMonth: z.number().min(0).max(1_000_000),
        source: z.string().max(500).exactOptional(),
      }),
    )
    .max(100)
    .default([]),
  ways: z.array(waySchema).max(50).default([]),
});

/** A dated list of prices, and ways to answer calls that can be compared by it. */
export type PriceSetFile = z.output<typeof fileSchema>;

/** Sets that come with the package, and their files in `sip-config/`. */
export const priceSetFiles = { today: 'prices.yaml', '2026-01': 'prices-2026-01.yaml' } as const;
export type PriceSetName = keyof typeof priceSetFiles;

/** Longest file that is read, bytes. */
const MAX_BYTES = 1_000_000;

/** A set of this package. Throws where that is damaged: it is part of the program. */
export function readBuiltInPriceSet(set: PriceSetName): PriceSetFile {
  const manifest = createRequire(import.meta.url).resolve('sip-voice-connector/package.json');
  return fileSchema.parse(parse(readFileSync(join(dirname(manifest), 'sip-config', priceSetFiles[set]), 'utf8')));
}

/**
 * A set by its name, or out of a file of the operator's.
 *
 * @param nameOrPath A name goes before a file that is called the same; a path is relative to `cwd`.
 * @throws ConnectorError `ERR_CONFIG_UNREADABLE`, or `ERR_CONFIG_INVALID` with every mistake.
 */
export async function readPriceSet(nameOrPath: string, cwd: string): Promise<PriceSetFile> {
  if (Object.hasOwn(priceSetFiles, nameOrPath)) return readBuiltInPriceSet(nameOrPath as PriceSetName);
  const text = await readText(nameOrPath, cwd);
  let data: unknown;
  try {
    data = parse(text);
  } catch (error) {
    throw new ConnectorError('ERR_CONFIG_INVALID', `${nameOrPath} is no YAML: ${errorMessage(error)}`);
  }
  const parsed = fileSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new ConnectorError(
    'ERR_CONFIG_INVALID',
    `${nameOrPath} is no list of prices:\n${z.prettifyError(parsed.error)}`,
  );
}

async function readText(path: string, cwd: string): Promise<string> {
  try {
    await using file = await open(resolve(cwd, path), 'r');
    const found = await file.stat();
    if (!found.isFile()) throw new Error('it is no file');
    if (found.size > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    return await file.readFile('utf8');
  } catch (error) {
    const sets = Object.keys(priceSetFiles).join(' and ');
    const message = `cannot read prices from ${path}: ${fileProblem(error)}; the sets of this package are ${sets}`;
    throw new ConnectorError('ERR_CONFIG_UNREADABLE', message, { cause: error });
  }
}
