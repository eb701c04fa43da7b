import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'] as const;

/** Turns SVG into PNG bytes, with fonts out of npm: a bare Debian has none. Call once per process (wasm start). */
export async function rasterise(svg: string): Promise<Uint8Array> {
  const require = createRequire(import.meta.url);
  await initWasm(await readFile(require.resolve('@resvg/resvg-wasm/index_bg.wasm')));
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
