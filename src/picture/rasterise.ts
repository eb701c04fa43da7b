import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'] as const;

const require = createRequire(import.meta.url);

/** The renderer takes its code once in a process, and refuses it ever after. */
let loading: Promise<void> | undefined;

async function load(): Promise<void> {
  try {
    await initWasm(await readFile(require.resolve('@resvg/resvg-wasm/index_bg.wasm')));
  } catch (error) {
    // Another copy of this module was first: the renderer is theirs and ours.
    if (!/already initialized/i.test(String(error))) throw error;
  }
}

/** Turns SVG into PNG bytes, with fonts out of npm: a bare Debian has none. */
export async function rasterise(svg: string): Promise<Uint8Array> {
  loading ??= load();
  await loading;
  const fontBuffers = await Promise.all(
    fontFiles.map((file) => readFile(require.resolve(`dejavu-fonts-ttf/ttf/${file}`))),
  );
  const renderer = new Resvg(svg, {
    font: { fontBuffers, loadSystemFonts: false, defaultFontFamily: 'DejaVu Sans' },
  });
  const image = renderer.render();
  try {
    return image.asPng();
  } finally {
    image.free();
    renderer.free();
  }
}
