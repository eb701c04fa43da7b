import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { importsOf, type SourceImport } from './source-imports.js';

/** A source file: path relative to the repository with `/`, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Which rooms a room may import, itself apart. `cli -> connector -> call -> {signaling, media, tools, ops} ->
 * flavor-api`; `base` is everybody's except flavor-api's, `config` only the connector's and the command line's.
 */
const rooms = {
  'flavor-api': [],
  base: [],
  http: ['base'],
  // Pure algorithms on samples: the media plane's, and those of engines whose servers answer in any rate.
  audio: ['base'],
  // The checks of the cascade's stages need their types.
  'flavor-testkit': ['cascade', 'flavor-api', 'base'],
  // Which words of a text were heard: of a call's responses, and of a voice that broke off.
  heard: ['audio', 'flavor-api', 'base'],
  // Speech servers answer with addresses of files: whether one may ask there is for the guard of http to say.
  cascade: ['heard', 'audio', 'http', 'flavor-api', 'base'],
  config: ['base'],
  signaling: ['flavor-api', 'base'],
  media: ['audio', 'flavor-api', 'base'],
  tools: ['http', 'flavor-api', 'base'],
  ops: ['flavor-api', 'base'],
  call: ['heard', 'signaling', 'media', 'tools', 'ops', 'flavor-api', 'base'],
  connector: [
    'call',
    'heard',
    'signaling',
    'media',
    'audio',
    'tools',
    'ops',
    'config',
    'cascade',
    'http',
    'flavor-api',
    'base',
  ],
  // SVG and PNG of it: of a call, of what calls cost, of where their time went.
  picture: [],
  // What call records come to: pure but for reading them.
  reports: ['picture', 'ops', 'base'],
  phone: ['signaling', 'media', 'audio', 'flavor-api', 'base'],
  // A page and what serves it; the page itself is a browser's.
  'browser-phone': [],
  demo: [
    'cascade',
    'picture',
    'phone',
    'connector',
    'call',
    'signaling',
    'media',
    'audio',
    'tools',
    'ops',
    'config',
    'flavor-api',
    'base',
  ],
  cli: [
    'browser-phone',
    'demo',
    'reports',
    'picture',
    'phone',
    'connector',
    'signaling',
    'media',
    'tools',
    'ops',
    'call',
    'config',
    'flavor-api',
    'base',
  ],
} as const satisfies Record<string, readonly string[]>;

type Room = keyof typeof rooms;

/** Files that stand in `src/` itself. */
const topLevel: Readonly<Record<string, Room>> = {
  'src/connector.ts': 'connector',
  'src/index.ts': 'connector',
  'src/cli.ts': 'cli',
};

/** The only two modules of this package that a flavor may use, as a third party's would. */
const FLAVOR_SUBPATHS: readonly string[] = ['sip-voice-connector/flavor', 'sip-voice-connector/cascade'];

/** Packages that are no vendor's SDK: any flavor may use them, and `src/` too. */
const SHARED_PACKAGES: readonly string[] = ['zod', '@standard-schema/spec', 'ws', 'eventsource-parser'];

/**
 * Where engines of providers stand, which several flavors are made of: a vendor's SDK belongs to one folder here as it
 * does among the flavors.
 */
const ENGINE_FOLDER = /^src\/cascade\/engines\/[\w-]+\//;

/** HTTP, not a vendor's SDK: `src/` requests with it wherever it must. */
const HTTP_CLIENT = 'undici';

/** All that the contract's types lean on. */
const CONTRACT_PACKAGES: readonly string[] = ['@standard-schema/spec'];

/** Who may load a module whose name is known only at run time: a flavor, or a tool, named in the configuration. */
const COMPUTED_IMPORTS: readonly string[] = [
  'src/connector/flavors/flavor-loader.ts',
  'src/tools/module/module-loader.ts',
  // `sherpa-onnx-node`, or a stand-in for it: a process of its own, which is told the name.
  'src/cascade/engines/sherpa/sherpa-child.mjs',
  'src/media/silero/silero-child.mjs',
  // One of two libraries, by `media.opus.library`.
  'src/media/opus/load-opus.ts',
];

/** Who may name the built-in flavors, each by its own module, so that they are loaded lazily. */
const FLAVOR_LOADER = 'src/connector/flavors/flavor-loader.ts';
const BUILT_IN_FLAVOR = /^flavors\/[\w-]+\/index\.ts$/;

const ownPackage = 'sip-voice-connector';

function isRoom(name: string): name is Room {
  return Object.hasOwn(rooms, name);
}

/** The room of a file under `src/`, or `undefined` when it stands in none. */
function roomOf(path: string): Room | undefined {
  const top = topLevel[path];
  if (top !== undefined) return top;
  const name = path.split('/')[1] ?? '';
  return path.split('/').length > 2 && isRoom(name) ? name : undefined;
}

/** `@scope/name` or `name` of a bare specifier. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The file a relative specifier means, as a `.ts` path of the repository. */
export function resolveRelative(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
}

function wrongFileOfSrc(file: SourceFile, room: Room, target: string): string | undefined {
  if (file.path === FLAVOR_LOADER && BUILT_IN_FLAVOR.test(target)) return undefined;
  const targetRoom = roomOf(target);
  if (targetRoom === undefined) return `imports ${target}, which stands in no room`;
  const allowed: readonly Room[] = rooms[room];
  if (targetRoom !== room && !allowed.includes(targetRoom)) return `${room} must not import ${targetRoom} (${target})`;
  const driver = /^src\/signaling\/(embedded|drachtio|opensips)\//;
  const from = driver.exec(file.path)?.[1];
  const to = driver.exec(target)?.[1];
  if (room === 'signaling' && from !== undefined && to !== undefined && from !== to) {
    return `the ${from} driver must not import the ${to} driver (${target})`;
  }
  if (room === 'call' && to !== undefined) return `a call must not know the ${to} driver (${target})`;
  return undefined;
}

function wrongPackageOfSrc(file: SourceFile, specifier: string): string | undefined {
  if (isBuiltin(specifier)) {
    const pure = file.path.startsWith('src/flavor-api/');
    return pure ? `flavor-api must import nothing outside itself (${specifier})` : undefined;
  }
  const name = packageOf(specifier);
  if (name === ownPackage) return `src must not import this package by name (${specifier})`;
  if (file.path.startsWith('src/flavor-api/') && !CONTRACT_PACKAGES.includes(name)) {
    return `flavor-api must import nothing outside itself (${specifier})`;
  }
  if (file.path.startsWith('src/base/')) return `base must import no package (${specifier})`;
  if (name === 'drachtio-srf' && !file.path.startsWith('src/signaling/drachtio/')) {
    return 'only signaling/drachtio may import drachtio-srf';
  }
  return undefined;
}

function wrongImportOfFlavor(file: SourceFile, specifier: string): string | undefined {
  const flavor = file.path.split('/')[1] ?? '';
  if (specifier.startsWith('.')) {
    const target = resolveRelative(file.path, specifier);
    return target.startsWith(`flavors/${flavor}/`) ? undefined : `flavor ${flavor} must not import ${target}`;
  }
  if (isBuiltin(specifier) || packageOf(specifier) !== ownPackage) return undefined;
  if (FLAVOR_SUBPATHS.includes(specifier)) return undefined;
  return `flavor ${flavor} may use only ${FLAVOR_SUBPATHS.join(' and ')}, not ${specifier}`;
}

function wrongImport(file: SourceFile, specifier: string | undefined): string | undefined {
  if (specifier === undefined) {
    return COMPUTED_IMPORTS.includes(file.path) ? undefined : 'loads a module whose name is computed';
  }
  if (file.path.startsWith('flavors/')) return wrongImportOfFlavor(file, specifier);
  const room = roomOf(file.path);
  if (room === undefined) return 'stands in no room of design section 2';
  if (specifier.startsWith('.')) return wrongFileOfSrc(file, room, resolveRelative(file.path, specifier));
  return wrongPackageOfSrc(file, specifier);
}

/** A vendor's SDK as an import of a flavor or an engine, or `undefined` for everything else. */
function sdkOf(specifier: string | undefined): string | undefined {
  if (specifier === undefined || specifier.startsWith('.') || isBuiltin(specifier)) return undefined;
  const name = packageOf(specifier);
  return name === ownPackage || name === HTTP_CLIENT || SHARED_PACKAGES.includes(name) ? undefined : name;
}

/** Whose code it is: a flavor's, an engine's, or the host's. */
function ownerOf(path: string): string {
  if (path.startsWith('flavors/')) return path.split('/').slice(0, 2).join('/');
  return ENGINE_FOLDER.exec(path)?.[0].slice(0, -1) ?? 'src';
}

/**
 * Each vendor's SDK belongs to one flavor or one engine: another's use of it, or the host's, is reported. Its types load
 * nothing, so anybody may read them.
 */
function sharedSdks(files: readonly SourceFile[]): readonly string[] {
  const users = new Map<string, Set<string>>();
  for (const file of files) {
    for (const { specifier, kind } of importsOf(file.text)) {
      const name = sdkOf(specifier);
      if (name === undefined || kind === 'types') continue;
      users.set(name, (users.get(name) ?? new Set()).add(ownerOf(file.path)));
    }
  }
  return [...users]
    .filter(([, by]) => by.size > 1)
    .map(
      ([name, by]) =>
        `${name} is imported by ${[...by].sort().join(' and ')}: an SDK belongs to one flavor or engine alone`,
    );
}

/** An engine that nobody uses must not load its SDK: every flavor that is made of stages loads all engines' files. */
function eagerSdk(file: SourceFile, { specifier, kind }: SourceImport): string | undefined {
  if (kind !== 'static' || !ENGINE_FOLDER.test(file.path)) return undefined;
  const name = sdkOf(specifier);
  return name === undefined ? undefined : `loads ${name} before anybody needs it`;
}

/**
 * Every import that goes against the arrows, and every file that stands nowhere.
 *
 * @param files All TypeScript files of `src/` and `flavors/`.
 */
export function violations(files: readonly SourceFile[]): readonly string[] {
  const wrong = files.flatMap((file) =>
    importsOf(file.text).flatMap((found) => {
      const reason = wrongImport(file, found.specifier) ?? eagerSdk(file, found);
      return reason === undefined ? [] : [`${file.path}:${found.line}: ${reason}`];
    }),
  );
  const homeless = files
    .filter(({ path }) => path.startsWith('src/') && roomOf(path) === undefined)
    .map(({ path }) => `${path}: stands in no room of design section 2`);
  return [...new Set([...wrong, ...homeless, ...sharedSdks(files)])];
}
