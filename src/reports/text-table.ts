/** A column: its heading, and where its cells stand. */
export interface Column {
  readonly heading: string;
  readonly align?: 'left' | 'right';
}

const GAP = '  ';

const cents = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const wholes = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Lines of a table for a terminal: headings, then the rows; each column as wide as its widest cell. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): readonly string[] {
  const headings = columns.map(({ heading }) => heading);
  const widths = columns.map((_, index) =>
    [headings, ...rows].reduce((width, cells) => Math.max(width, (cells[index] ?? '').length), 0),
  );
  return [headings, ...rows].map((cells) =>
    columns
      .map(({ align = 'right' }, index) => {
        const [cell, width] = [printable(cells[index] ?? ''), widths[index] ?? 0];
        return align === 'left' ? cell.padEnd(width) : cell.padStart(width);
      })
      .join(GAP)
      .trimEnd(),
  );
}

/** Names come out of files: what could move a terminal's cursor, or look like another row, becomes a blank. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, ' ');
}

/** `1,234.50`. */
export function money(usd: number): string {
  return cents.format(usd);
}

/** `1,234`. */
export function whole(count: number): string {
  return wholes.format(count);
}

/** `1,234 calls`, and `1 call`: as the rounded number says. */
export function counted(count: number, one: string, many = `${one}s`): string {
  const number = whole(count);
  return `${number} ${number === '1' ? one : many}`;
}
