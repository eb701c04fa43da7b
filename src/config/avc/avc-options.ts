/** Options of a flavor that its section of the Python connector names. */
export interface AvcOptions {
  /** As our configuration has them; what is not said is left out. */
  readonly options: Readonly<Record<string, unknown>>;
  /** URI of its one target of a transfer. */
  readonly transferTo: string | undefined;
  /** Options that say something that cannot be done, and why. */
  readonly refused: readonly { readonly option: string; readonly why: string }[];
}

/** The target in `transfer.targets`, and in a call. */
export const AVC_TRANSFER_TARGET = 'transfer_to';

/** What was said: nothing that is undefined or empty. */
export function said(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ''));
}

/** Without sections that say nothing. */
export function grouped(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return said(
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [
        key,
        typeof value === 'object' && Object.keys(Object(value)).length === 0 ? undefined : value,
      ]),
    ),
  );
}
