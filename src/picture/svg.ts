/** Average, of DejaVu Sans at 13 px. */
export const CHARACTER_WIDTH = 7.6;

/** Of text and lines in all pictures. */
export const paperInk = { text: '#1f2933', faint: '#7b8794', grid: '#e4e7eb', paper: '#ffffff' } as const;

export interface TextStyle {
  readonly size?: number;
  readonly fill?: string;
  readonly weight?: 'bold';
  readonly anchor?: 'middle' | 'end';
}

/** A picture on paper. @param content elements, in the order in which they are drawn */
export function svgPicture(
  { width, height, fontSize = 14 }: { readonly width: number; readonly height: number; readonly fontSize?: number },
  content: readonly string[],
): string {
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    ` font-family="DejaVu Sans, Verdana, sans-serif" font-size="${fontSize}" fill="${paperInk.text}">`,
    `<rect width="${width}" height="${height}" fill="${paperInk.paper}"/>`,
    ...content,
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

/** An SVG text; `content` is a stranger's. */
export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const attributes = [
    `x="${x.toFixed(1)}"`,
    `y="${y}"`,
    ...(style.size === undefined ? [] : [`font-size="${style.size}"`]),
    ...(style.fill === undefined ? [] : [`fill="${style.fill}"`]),
    ...(style.weight === undefined ? [] : [`font-weight="${style.weight}"`]),
    ...(style.anchor === undefined ? [] : [`text-anchor="${style.anchor}"`]),
  ];
  return `<text ${attributes.join(' ')}>${escapeXml(content)}</text>`;
}

/** Characters that XML 1.0 does not know (section 2.2), not even escaped: one of them would spoil the whole picture. */
const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

function escapeXml(content: string): string {
  const known = content.replace(NOT_XML, ' ');
  return known.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
